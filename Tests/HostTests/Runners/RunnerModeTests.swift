import Runtime
import Testing

@testable import Host

@Suite("how agents run")
struct RunnerModeTests {
    private func settings(_ values: [String: String]) throws -> Settings {
        try Settings(SettingSource(layers: [.init(origin: .environment, values: values)]))
    }

    /// A machine on which these modes can be.
    @Loop
    private func chosen(_ values: [String: String], can: [RunnerMode]) async throws -> RunnerMode.Choice {
        try await RunnerMode.chosen(settings(values)) { can.contains($0) ? nil : "there is no \($0.rawValue)" }
    }

    private static let address = ["OPENCODE_BASE_URL": "http://127.0.0.1:4096"]

    @Test(
        "settings and machine come to a mode",
        arguments: [
            ([:], [], RunnerMode.rehearsal), (address, [.container, .process], .shared),
            ([:], [.container, .process], .container), ([:], [.process], .process),
            (["RUNNER_MODE": "process"], [.container, .process], .process),
            (["RUNNER_MODE": "container"], [.container], .container),
            (address.merging(["RUNNER_MODE": "rehearsal"]) { $1 }, [.container], .rehearsal),
            (address.merging(["RUNNER_MODE": "shared"]) { $1 }, [.container], .shared),
        ] as [([String: String], [RunnerMode], RunnerMode)])
    func chosen(_ values: [String: String], _ can: [RunnerMode], _ mode: RunnerMode) async throws {
        let choice = try await chosen(values, can: can)
        #expect(choice.mode == mode && !choice.reason.isEmpty)
    }

    @Test("why nothing better could be is told")
    func reasons() async throws {
        let choice = try await chosen([:], can: [])
        #expect(
            choice.reason
                == "OPENCODE_BASE_URL is not set; no container: there is no container; no process: there is no process")
    }

    @Test(
        "what cannot be is told with what would do",
        arguments: [("shared", "OPENCODE_BASE_URL"), ("process", "no process"), ("container", "no container")])
    func refused(_ mode: String, _ word: String) async throws {
        let fault = await #expect(throws: Fault.self) { _ = try await chosen(["RUNNER_MODE": mode], can: []) }
        #expect(fault?.message.contains(word) == true && fault?.hint != nil)
    }

    @Test("the password is a secret, and a mode that is none is refused at the start")
    func secret() throws {
        let known = try settings(["OPENCODE_SERVER_PASSWORD": "hush"])
        #expect(known.secrets == ["hush"] && known.forScripts["OPENCODE_SERVER_PASSWORD"] == nil)
        #expect(throws: Fault.self) { try settings(["RUNNER_MODE": "magic"]) }
    }
}
