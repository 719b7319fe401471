import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("Perigee as a user without rights, with runners as processes", .enabled(if: getuid() == 0))
@Loop
struct ProcessUserTests {
    /// Nobody's: it needs no entry anywhere.
    private static let user: uid_t = 54321

    /// Whether such a user finds the program at all: the checkout may be in somebody's home.
    private func canRun(_ subject: String) async throws -> Bool {
        let look = try await Subprocess.run(ProcessChats.launcher(Self.user) + ["test", "-x", Program.path])
        return TestEnvironment.that(look.succeeded, subject, "other users may not run \(Program.path)")
    }

    @Test("users chat, are apart, and runners end with all that they started")
    func chats() async throws {
        guard try await canRun("process runners of a normal user") else { return }
        try await ProcessChats.with(as: Self.user) { chats in
            #expect(try await chats.turn("ann", "say hello").text.hasSuffix("hello"))
            #expect(try await chats.turn("bob", "say hello").text.hasSuffix("hello"))
            let bobs = try await chats.directory(of: "bob")
            try PlainFile.write("private to bob", to: "\(bobs)/diary")
            let seen = try await chats.run("id -u; cat \(bobs)/diary; ls /proc | grep -c '^[0-9]'", as: "ann")
            #expect(seen.hasPrefix("\(Self.user)\n") && !seen.contains("private to bob"), "\(seen)")
            let left = try await chats.turn("ann", "bash setsid sleep 600 > started 2>&1 & sleep 0.1; say left")
            #expect(left.text.hasSuffix("left"), "\(left.body)")
            let kill = RunnerKill(chats, users: ["ann", "bob"], seed: 2)
            try await kill.play()
        }
    }

    @Test("perigee doctor says what bounds such a user has, and what would give the rest")
    func doctor() async throws {
        guard try await canRun("perigee doctor for a normal user") else { return }
        let state = TemporaryDirectory()
        #expect(chown(state.path, Self.user, Self.user) == 0)
        let said = try await Subprocess.run(
            ProcessChats.launcher(Self.user) + [
                Program.path, "doctor", "RUNNER_MODE=process", "STATE_DIR=\(state.path)", "PORT=0",
            ],
            .init(environment: .only(Program.base)))
        #expect(said.outputText.contains("runner sandbox"), "\(said.outputText) \(said.errorText)")
        let memory = said.outputText.split(separator: "\n").first { $0.contains("runner memory") } ?? ""
        // With delegated groups it is bounded, without it is said how to get them.
        #expect(memory.hasPrefix("ok") || said.outputText.contains("Delegate=yes"), "\(said.outputText)")
    }
}
