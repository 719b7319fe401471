import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("perigee doctor, about agents")
@Loop
struct AgentCheckupTests {
    private static func doctor(_ settings: [String]) async throws -> Program.Result {
        let state = TemporaryDirectory()
        return try await Program.run(["doctor", "PORT=0", "STATE_DIR=\(state.path)"] + settings)
    }

    @Test("who has no agent is told that chats are rehearsed, why, and what to do")
    func rehearsal() async throws {
        let result = try await Self.doctor(["RUNNER_COMMAND=no-such-agent", "DOCKER_HOST=unix:///nonexistent/docker"])
        #expect(result.code == 0, "\(result.output)")
        #expect(result.output.contains("rehearsal: OPENCODE_BASE_URL is not set; no container: "), "\(result.output)")
        #expect(result.output.contains("no-such-agent") && result.output.contains("docs/runners.md"))
        #expect(result.output.contains("runner sandbox"), "an agent that comes later is a process: \(result.output)")
    }

    @Test("an agent's server that was named is asked who it is")
    func shared() async throws {
        let scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        let fake = FakeOpencode(FakeSettings(), scope: scope)
        try fake.listen()
        let good = try await Self.doctor(["OPENCODE_BASE_URL=\(fake.address)"])
        #expect(good.code == 0, "\(good.output)")
        #expect(good.output.contains("shared: OPENCODE_BASE_URL is set"))
        #expect(good.output.contains("\(fake.settings.version) answers at \(fake.address)"), "\(good.output)")
        #expect(!good.output.contains("runner sandbox"), "nothing is started here: \(good.output)")
        let address = fake.address
        await fake.close()
        await scope.close()

        let gone = try await Self.doctor(["OPENCODE_BASE_URL=\(address)"])
        #expect(gone.code == 69 && gone.output.contains("bad"), "\(gone.output)")
    }

    @Test("a mode that cannot be here is named with what stands in its way")
    func impossible() async throws {
        let result = try await Self.doctor(["RUNNER_MODE=process", "RUNNER_COMMAND=no-such-agent"])
        #expect(result.code == 69, "\(result.output)")
        #expect(result.output.contains("RUNNER_MODE is process, which cannot be here"), "\(result.output)")
    }
}
