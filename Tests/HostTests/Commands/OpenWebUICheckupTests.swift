import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("perigee doctor openwebui, about a running one")
@Loop
struct OpenWebUICheckupTests {
    /// An Open WebUI as far as it is looked at.
    private final class Stand {
        var key = ""
        var models: JSONValue = []
        var functions: JSONValue = []
    }

    private static func doctor(
        _ program: RunningProgram, _ double: Stand, _ settings: [String] = []
    ) async throws -> Program.Result {
        let scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        let headers = JSONObject(OpenWebUICheckup.headers.map { ($0.key, JSONValue.string($0.value)) })
        let config: JSONValue = [
            "OPENAI_API_BASE_URLS": ["http://elsewhere:1/v1", .string("http://perigee:\(program.port)/v1")],
            "OPENAI_API_KEYS": ["", .string(double.key)], "OPENAI_API_CONFIGS": ["1": ["headers": .object(headers)]],
        ]
        let answers: [String: JSONValue] = [
            "/api/version": ["version": "0.12.4"], "/openai/config": config, "/api/v1/models/base": double.models,
            "/api/v1/functions": double.functions,
        ]
        let router = Router()
        for root in ["/api", "/openai"] {
            router.on(.get, "\(root)/{path...}") { request in
                let answer = answers.first { request.path.hasPrefix($0.key) }
                return .json(try JSON.encode(answer?.value ?? .null))
            }
        }
        let server = Server(router, scope: scope)
        let port = try server.listen(host: "127.0.0.1", port: 0)
        let result = try await Program.run(
            ["doctor", "openwebui", "PORT=\(program.port)", "OPENWEBUI_URL=http://127.0.0.1:\(port)"] + settings,
            environment: ["OPENWEBUI_API_KEY": "an-administrators"])
        await server.drain(grace: .zero)
        await scope.close()
        return result
    }

    @Test("it names a key that Perigee refuses, models that nobody sees, and a filter that is not there")
    func lacking() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path)
        let made = try await Program.run(["key", "create", "STATE_DIR=\(state.path)", "--scopes", "chat,speak-for"])
        let double = Stand()
        double.key = "pk_of-another-perigee"
        let lacks = try await Self.doctor(program, double)
        #expect(lacks.code == 69)
        for words in ["refuses the connection's", "administrators alone", "neither users' own keys", "all 6 are sent"] {
            #expect(lacks.output.contains(words), "\(words): \(lacks.output)")
        }

        double.key = String(made.output.split(separator: "\n")[0])
        double.models = [
            ["id": "open-persona/build", "is_active": true, "access_grants": [["principal_id": "*"]]],
            ["id": "open-persona/plan", "is_active": true, "access_grants": []],
        ]
        double.functions = [["id": "perigee_filter", "type": "filter", "is_active": true, "is_global": true]]
        let unsigned = try await Self.doctor(program, double)
        #expect(unsigned.code == 0 && unsigned.output.contains("not believed here"), "\(unsigned.output)")
        let well = try await Self.doctor(program, double, ["PERIGEE_FILTER_SECRET=long enough to be one"])
        for words in ["Perigee knows", "users see open-persona/build\n", "switched on for all models"] {
            #expect(well.output.contains(words), "\(words): \(well.output)")
        }
        try await program.end()
    }

    @Test(
        "a connection is ours when its port is exactly ours",
        arguments: [
            ("http://127.0.0.1:8000/v1", 8000, true), ("http://127.0.0.1:8080/v1", 80, false),
            ("http://perigee/v1", 80, true), ("https://perigee.example/v1", 443, true),
            ("https://perigee.example:8000", 8000, true), ("http://10.0.0.1:18000/v1", 8000, false),
            ("http://host/:8000", 8000, false), ("nothing", 80, false), ("", 80, false),
        ])
    func port(_ address: String, _ port: Int, _ isOurs: Bool) {
        #expect(OpenWebUICheckup.leads(address, to: port) == isOurs)
    }
}
