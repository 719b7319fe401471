import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runs over HTTP")
@Loop
struct RunsDoorTests {
    /// The harness behind a real door.
    @Loop
    private final class Served {
        let house = RunsHarness()
        private(set) var port = 0
        private var server: Server!
        private let scope = Scope("server") { _, _ in }

        func open() async throws {
            try await house.open()
            let router = Router()
            router.add(RunsDoor(Gate()) { [house] in house.runs }, traced: .off)
            server = Server(router, scope: scope)
            port = try server.listen(host: "127.0.0.1", port: 0)
        }

        func get(_ path: String, _ headers: [String] = []) async throws -> Exchange {
            try await Exchange.get(path, port: port, headers: headers)
        }

        func post(_ path: String, _ body: String = "") async throws -> Exchange {
            try await Exchange.post(path, body, port: port)
        }

        func close() async {
            await server.drain(grace: .zero)
            await scope.close()
            await house.close()
        }
    }

    @Test("a run is started, read, listed and explained")
    func life() async throws {
        let served = Served()
        try await served.open()
        let started = try await served.post(
            "/mgmt/runs", #"{"prompt": "hi", "user": "ada", "chat": "c", "meta": {"a": 1}}"#)
        #expect(started.status == 202)
        let id = try #require(try started.json["id"]?.string)
        try await served.house.ended(id)
        let run = try await served.get("/mgmt/runs/\(id)").json
        #expect(run["state"] == "succeeded" && run["engine"] == "rehearsal" && run["meta"] == ["a": 1])
        #expect(
            try await served.get("/mgmt/runs?user=ada&state=succeeded,failed").json["runs"]?[0]?["id"] == .string(id))
        #expect(try await served.get("/mgmt/runs?user=bob").json["runs"] == [])
        #expect(try await served.get("/mgmt/runs/\(id)/why").json["decisions"]?[0]?["hook"] == "artifacts")
        #expect(try await served.post("/mgmt/runs/\(id)/cancel").status == 409)
        #expect(try await served.get("/mgmt/runs?state=lost").status == 400)
        #expect(try await served.post("/mgmt/runs", "{}").status == 400)
        for path in ["/mgmt/runs/x", "/mgmt/runs/x/events", "/mgmt/runs/x/why"] {
            #expect(try await served.get(path).status == 404, "\(path)")
        }
        #expect(try await served.get("/mgmt/runs", ["X-Forwarded-For: 1.2.3.4"]).status == 403)
        await served.close()
    }

    @Test("events are streamed with their numbers, from the first, behind a number, and behind Last-Event-ID")
    func events() async throws {
        let served = Served()
        try await served.open()
        let id = try #require(try await served.post("/mgmt/runs", #"{"prompt": "hi"}"#).json["id"]?.string)
        let whole = try await served.get("/mgmt/runs/\(id)/events")
        #expect(whole.status == 200 && whole.head.contains("text/event-stream"))
        let numbers = ids(whole.body)
        #expect(numbers == Array(1...Int64(numbers.count)) && numbers.count > 60)
        #expect(whole.body.contains("event: state\nid: 1\ndata: {\"number\":1,"))
        #expect(ids(try await served.get("/mgmt/runs/\(id)/events?after=50").body) == Array(numbers[50...]))
        #expect(
            ids(try await served.get("/mgmt/runs/\(id)/events", ["Last-Event-ID: 60"]).body) == Array(numbers[60...]))
        #expect(try await served.get("/mgmt/runs/\(id)/events?after=x").status == 400)
        await served.close()
    }

    @Test("an ask is seen and answered, once; a run is cancelled")
    func asks() async throws {
        let served = Served()
        try await served.open()
        let id = try #require(try await served.post("/mgmt/runs", #"{"prompt": "ask permission"}"#).json["id"]?.string)
        _ = try await served.house.ask(of: id)
        let asks = try await served.get("/mgmt/asks").json["asks"]
        #expect(asks?[0]?["run"]?["id"] == .string(id) && asks?[0]?["ask"]?["permission"] == "bash")
        let path = "/mgmt/runs/\(id)/asks/\(asks?[0]?["ask"]?["id"]?.string ?? "")"
        #expect(try await served.post(path, #"{"verdict": "maybe"}"#).status == 400)
        #expect(try await served.post(path, #"{"verdict": "answered", "answers": ["x"]}"#).status == 400)
        #expect(try await served.post(path, #"{"verdict": "once"}"#).status == 200)
        #expect(try await served.post(path, #"{"verdict": "once"}"#).status == 409)
        try await served.house.until("the question") { served.house.runs.asks().first?.ask.kind == .question }
        #expect(try await served.post("/mgmt/runs/\(id)/asks/nothing", #"{"verdict": "once"}"#).status == 404)
        let cancelled = try await served.post("/mgmt/runs/\(id)/cancel", #"{"reason": "enough"}"#)
        #expect(try cancelled.status == 200 && cancelled.json["state"] == "cancelled")
        #expect(try await served.get("/mgmt/asks").json["asks"] == [])
        await served.close()
    }

    private func ids(_ body: String) -> [Int64] {
        body.split(separator: "\n").compactMap { $0.hasPrefix("id: ") ? Int64($0.dropFirst(4)) : nil }
    }
}

@Suite("runs: the program is killed")
@Loop
struct RunsTortureTests {
    @Test("kill -9 at any moment loses no accepted run, and each has one outcome", .timeLimit(.minutes(5)))
    func killed() async throws {
        let directory = TemporaryDirectory()
        var random = SeededGenerator(seed: 11)
        var accepted: Set<String> = []
        for round in 0..<5 {
            let program = try await RunningProgram.start(state: directory.path)
            // What the last process left is dealt with while new work comes in.
            let wanted = accepted.count + Int.random(in: 1...12, using: &random)
            while accepted.count < wanted {
                let prompt = ["hi", "hello again", "ask me", "permission"].randomElement(using: &random)!
                let lane = Bool.random(using: &random) ? #", "lane": "l\#(round)""# : ""
                let answer = try await Exchange.post(
                    "/mgmt/runs", #"{"prompt": "\#(prompt)"\#(lane)}"#, port: program.port)
                #expect(answer.status == 202, "\(answer.body)")
                if let id = try answer.json["id"]?.string { accepted.insert(id) }
            }
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                _ = try await Exchange.get("/mgmt/runs?limit=1", port: program.port)
            }
            #expect(try await program.end(SIGKILL).end == .signalled(SIGKILL))
        }
        let program = try await RunningProgram.start(state: directory.path)
        var known: [String: String] = [:]
        let end = Instant.clock + .seconds(200)
        repeat {
            for ask in try await Self.asks(program.port) {
                let body = ask.kind == "permission" ? #"{"verdict": "reject"}"# : #"{"verdict": "dismissed"}"#
                // The run may have ended meanwhile; then its outcome counts.
                _ = try await Exchange.post("/mgmt/runs/\(ask.run)/asks/\(ask.id)", body, port: program.port)
            }
            let list = try await Exchange.get("/mgmt/runs?limit=1000", port: program.port).json["runs"]
            known = [:]
            var place = 0
            while let run = list?[place] {
                known[run["id"]?.string ?? ""] = run["state"]?.string
                place += 1
            }
        } while Instant.clock < end && known.values.contains { !(RunState(rawValue: $0)?.isEnded ?? false) }
        #expect(accepted.subtracting(known.keys).isEmpty, "accepted runs were lost")
        for (id, state) in known {
            #expect(RunState(rawValue: state)?.isEnded == true, "run \(id) is still \(state)")
            let log = try await Exchange.get("/mgmt/runs/\(id)/events", port: program.port).body
            let states = log.split(separator: "\n").compactMap { line -> String? in
                guard line.hasPrefix("data: "), line.contains(#""kind":"state""#) else { return nil }
                return try? JSON.parse(Array(line.dropFirst(6).utf8))["state"].string
            }
            #expect(states.count { RunState(rawValue: $0)!.isEnded } == 1 && states.last == state, "\(id): \(states)")
            #expect(states.count { $0 == "starting" } <= 6)
            let prompts = log.split(separator: "\n").count { $0.contains("the prompt began") }
            #expect(prompts <= 1, "the prompt of \(id) was run \(prompts) times")
        }
        try await program.end()
    }

    private static func asks(_ port: Int) async throws -> [(run: String, id: String, kind: String)] {
        let asks = try await Exchange.get("/mgmt/asks", port: port).json["asks"]
        var found: [(String, String, String)] = []
        while let entry = asks?[found.count] {
            found.append(
                (
                    entry["run"]?["id"]?.string ?? "", entry["ask"]?["id"]?.string ?? "",
                    entry["ask"]?["kind"]?.string ?? ""
                ))
        }
        return found
    }
}

extension Exchange {
    static func post(_ path: String, _ body: String, port: Int) async throws -> Exchange {
        try await send(
            "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)", port: port)
    }
}
