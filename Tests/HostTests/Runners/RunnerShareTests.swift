import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners of one chat, or of one run")
@Loop
struct RunnerShareTests {
    private nonisolated static let usual = "open-persona-runner-0123456789abcdef-aabbccdd"

    @Test("who shares a runner is known by its name, which stays one that networks take")
    func names() {
        for share in [RunnerShare.user, .chat("c1"), .run("run_1"), .chat(String(repeating: "long", count: 100))] {
            let name = Self.usual + share.suffix
            #expect(RunnerShare(of: name, usual: Self.usual) == share && name.utf8.count <= 63)
        }
        #expect(RunnerShare.chat("a").suffix != RunnerShare.chat("b").suffix)
        #expect(RunnerShare.chat("a").suffix != RunnerShare.run("a").suffix)
    }

    @Test(
        "a name of other keys, or of nobody's making, is no runner of the workspace",
        arguments: [
            "open-persona-runner-0123456789abcdef-eeeeeeee", "\(RunnerShareTests.usual)-",
            "\(RunnerShareTests.usual)-chat", "\(RunnerShareTests.usual)-chat-12",
            "\(RunnerShareTests.usual)-user-001122334455", "\(RunnerShareTests.usual)-tent-001122334455",
            "\(RunnerShareTests.usual)chat-001122334455", "",
        ])
    func strangers(name: String) {
        #expect(RunnerShare(of: name, usual: Self.usual) == nil)
    }

    @Test("each has a runner and directory of its own beside the user's, and the hook is told whose it plans")
    func apart() async throws {
        try await OwnRunnersBed.with({ $0.room = RunnerRoom(most: 9, mostOfOne: 9) }) { bed in
            let shares = [RunnerShare.user, .chat("c1"), .chat("c2"), .run("r1")]
            var leases: [RunnerLease] = []
            for share in shares { leases.append(try await bed.lease(share: share)) }
            #expect(Set(leases.map(\.runner)).count == 4 && bed.machine.up.count == 4)
            let specs = bed.machine.up.map(\.spec)
            #expect(Set(specs.map(\.privateDirectory)).count == 4 && Set(specs.map(\.directory)).count == 1)
            #expect(Set(specs.map { $0.secrets[RunnerSpec.passwordVariable]!.reveal() }).count == 4)
            #expect(bed.told.map { $0["isolation"]?.string } == ["user", "chat", "chat", "run"])
            #expect(bed.runners.list().compactMap(\.isolation).sorted() == ["chat", "chat", "run", "user"])
            let again = try await bed.lease(share: .chat("c1"))
            #expect(again.runner == leases[1].runner && bed.machine.up.count == 4)
            for lease in leases + [again] { lease.release() }
        }
    }

    @Test("the caps count them; idle ones make room")
    func caps() async throws {
        try await OwnRunnersBed.with { bed in
            let first = try await bed.lease(share: .chat("c1"))
            try await bed.lease(share: .chat("c2")).release()
            try await bed.lease(share: .chat("c3")).release()
            #expect(bed.machine.up.count == 2 && bed.machine.up.contains { $0.spec.name == first.runner })
            first.release()
        }
    }

    @Test("that of a run goes with it, with what it has kept; that of a chat keeps it for the next turn")
    func ends() async throws {
        try await OwnRunnersBed.with { bed in
            // A process of ours that ended left one.
            let workspace = try await bed.access.workspace()
            let left = "runners/\(workspace.id)/aabbccdd\(RunnerShare.run("before").suffix)"
            bed.access.directory.write("x", to: "\(left)/data/file")
            await bed.leave()
            try await bed.open()
            bed.decision = ["idle_timeout": 0]
            for share in [RunnerShare.run("r1"), .chat("c1")] {
                let lease = try await bed.lease(share: share)
                let spec = try #require(bed.machine.up.first?.spec)
                bed.access.directory.write(
                    "x", to: String(spec.privateDirectory.dropFirst(bed.access.directory.path.count + 1)) + "/data/file"
                )
                lease.release()
                try await bed.until("its end") { bed.machine.up.isEmpty && bed.runners.list().isEmpty }
                #expect((access(spec.privateDirectory, F_OK) == 0) == (share.kind == .chat))
            }
            await bed.runners.lookOnce()
            bed.runners.forget(chat: "c1", of: "ann")
            while true {
                let kept = try await Subprocess.run(["find", "\(bed.access.directory.path)/runners", "-name", "file"])
                if kept.outputText.isEmpty { break }
                try await Loop.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test("another process of ours takes them over as what they are")
    func takenOver() async throws {
        try await OwnRunnersBed.with { bed in
            let shares = [RunnerShare.chat("c1"), .run("r1")]
            var names: [String] = []
            for share in shares {
                let lease = try await bed.lease(share: share)
                names.append(lease.runner)
                lease.release()
            }
            await bed.leave()
            try await bed.open()
            for (share, name) in zip(shares, names) {
                let lease = try await bed.lease(share: share)
                #expect(lease.runner == name && bed.runners.runners[name]?.spec.share == share)
                lease.release()
            }
            #expect(bed.backend.count("start") == 0)
        }
    }

    @Test("a server that all share says no to it")
    func shared() async throws {
        let fake = FakeOpencode(FakeSettings(), scope: Scope("test") { _, error in Issue.record(error) })
        try fake.listen()
        let client = HTTPClient()
        let scope = Scope("test") { _, error in Issue.record(error) }
        let log = Log(to: -1, format: .json, level: .error)
        let pool = SharedRunners(
            OpencodeServer(try WebAddress(fake.address), password: nil, client: client, log: log, scope: scope),
            log: log)
        let fault = await #expect(throws: Fault.self) {
            _ = try await pool.lease(workspace: "w", directory: "/w", share: .chat("c1")) { _ in }
        }
        #expect(fault?.kind == .invalidInput && fault?.hint?.contains("RUNNER_MODE") == true)
        await pool.close()
        await scope.close()
        await client.close()
        await fake.close()
    }
}
