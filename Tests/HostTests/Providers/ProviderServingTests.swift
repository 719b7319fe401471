import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("model providers, served by the program")
@Loop
struct ProviderServingTests {
    private func settings(_ one: FakeProvider, _ two: FakeProvider) -> [String] {
        [
            "OZ_PROVIDER_ONE_TYPE=openai_compatible", "OZ_PROVIDER_ONE_MODEL=m1",
            "OZ_PROVIDER_ONE_BASE_URL=\(one.base)",
            "OZ_PROVIDER_TWO_TYPE=openai_compatible", "OZ_PROVIDER_TWO_MODEL=m2",
            "OZ_PROVIDER_TWO_BASE_URL=\(two.base)",
        ]
    }

    private func run(_ bed: ChatBed, model: String? = nil) async throws -> String {
        var order: JSONObject = ["prompt": "hi", "engine": "provider", "directory": .string(bed.state.path)]
        order["model"] = model.map { .string($0) }
        return try #require(try await bed.post("/mgmt/runs", order).chunks[0]["id"].string)
    }

    @Test("the shipped script has the next provider asked, and the run tells why; what is down is not asked again")
    func fallback() async throws {
        let (one, two) = (try FakeProvider(), try FakeProvider())
        try await ChatBed.with(settings(one, two)) { bed in
            for number in 1...4 {
                if number < 4 { one.reply(.whole(500, "{}")) }
                two.reply(.stream(FakeProvider.chat("from two")))
                let id = try await run(bed)
                #expect(try await bed.outcome(of: id) == "succeeded")
                let record = try await bed.get("/mgmt/runs/\(id)").json
                #expect(record["runner"].string == "two" && record["attempts"].integer == 1)
                let why = try await bed.get("/mgmt/runs/\(id)/why").json["decisions"].elements.map { $0 }
                let route = try #require(why.first { $0["hook"].equals("route_provider") })
                #expect(route["scripts"][0].string?.hasSuffix("hooks/route_provider.lua") == true)
                #expect(route["decision"]["order"].count == (number < 4 ? 2 : 1), "\(number)")
            }
            #expect(one.requests.count == 3 && two.requests.count == 4)
            #expect(try await bed.figure("perigee_providers_open") == 1)
        }
        await one.close()
        await two.close()
    }

    @Test("a quota that is used up has the run wait in the queue until the window ends")
    func quota() async throws {
        let (one, two) = (try FakeProvider(), try FakeProvider())
        let limits = ["OZ_PROVIDER_ONE_MSG_LIMIT=1", "OZ_PROVIDER_ONE_WINDOW_SECONDS=1"]
        try await ChatBed.with(settings(one, two) + limits) { bed in
            for _ in 1...2 {
                one.reply(.stream(FakeProvider.chat("from one")))
                let id = try await run(bed, model: "one")
                #expect(try await bed.outcome(of: id) == "succeeded")
            }
            #expect(one.requests.count == 2 && two.requests.isEmpty)
        }
        await one.close()
        await two.close()
    }
}
