import Runtime
import Testing

@testable import Host

@Suite("how agents run")
struct RunnerModeTests {
    private func settings(_ values: [String: String]) throws -> Settings {
        try Settings(SettingSource(layers: [.init(origin: .environment, values: values)]))
    }

    @Test(
        "settings come to a mode",
        arguments: [
            ([:], RunnerMode.rehearsal), (["OPENCODE_BASE_URL": "http://127.0.0.1:4096"], .shared),
            (["RUNNER_MODE": "rehearsal", "OPENCODE_BASE_URL": "http://127.0.0.1:4096"], .rehearsal),
            (["RUNNER_MODE": "shared", "OPENCODE_BASE_URL": "http://127.0.0.1:4096"], .shared),
        ])
    func chosen(_ values: [String: String], _ mode: RunnerMode) throws {
        #expect(try RunnerMode.chosen(settings(values)).mode == mode)
    }

    @Test(
        "what cannot be is told with what would do",
        arguments: [("shared", "OPENCODE_BASE_URL"), ("process", "later"), ("container", "later")])
    func refused(_ mode: String, _ word: String) throws {
        let settings = try settings(["RUNNER_MODE": mode])
        let fault = #expect(throws: Fault.self) { try RunnerMode.chosen(settings) }
        #expect(fault?.message.contains(word) == true && fault?.hint != nil)
    }

    @Test("the password is a secret, and a mode that is none is refused at the start")
    func secret() throws {
        let known = try settings(["OPENCODE_SERVER_PASSWORD": "hush"])
        #expect(known.secrets == ["hush"] && known.forScripts["OPENCODE_SERVER_PASSWORD"] == nil)
        #expect(throws: Fault.self) { try settings(["RUNNER_MODE": "magic"]) }
    }
}
