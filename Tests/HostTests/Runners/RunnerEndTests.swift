import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners of our own that end by themselves")
@Loop
struct RunnerEndTests {
    @Test("what one has left is removed by its identity and not by its name, and it leaves the book")
    func cleared() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            let thing = bed.machine.up[0]
            await bed.machine.end(thing)
            try await bed.until("what it left") { bed.backend.calls.contains("stop \(thing.identity)") }
            while try await !bed.entries().isEmpty { await Loop.yield() }
            #expect(bed.backend.count("stop") == 1 && bed.runners.list().isEmpty)
            try await bed.lease().release()
            #expect(bed.machine.up.count == 1 && bed.backend.count("stop") == 1)
        }
    }

    @Test("the next start does not wait for that: it removes by itself what bears its name")
    func order() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            bed.backend.holdStop = Waiter<Void>("nobody")
            await bed.machine.end(bed.machine.up[0])
            try await bed.until("the removal") { bed.backend.count("stop") == 1 }
            try await bed.lease().release()
            #expect(bed.backend.count("start") == 2 && bed.machine.up.count == 1)
            #expect(try await bed.entries().map(\.place?.identity) == [bed.machine.up[0].identity])
            bed.backend.holdStop = nil
        }
    }

    @Test("what cannot be removed is nobody's from then on, and the clean-up finds it")
    func stays() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            let thing = bed.machine.up[0]
            bed.backend.stopFailures = [Fault(.unavailable, "Docker does not answer")]
            bed.machine.shells = [
                FoundRunner(
                    identity: thing.identity, name: thing.spec.name, workspace: thing.spec.workspace,
                    signature: thing.spec.signature, owner: thing.owner, started: 1_700_000_000, isUp: false)
            ]
            await bed.machine.end(thing)
            while try await !bed.entries().isEmpty || !bed.backend.stopFailures.isEmpty { await Loop.yield() }
            #expect(try await bed.runners.found().map(\.standing) == [.orphan])
            try await bed.runners.end(orphan: thing.identity)
            #expect(try await bed.runners.found().isEmpty)
        }
    }
}
