import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("clean-up of runners and orphans")
@Loop
struct RunnerTargetsTests {
    private func item(_ kind: String, _ id: String, stamp: String? = nil) throws -> PlanEntry {
        PlanEntry(action: .remove, kind: kind, id: id, reason: "a test", stamp: stamp)
    }

    @Test("a runner goes when nobody is on it and it is the one that the plan means")
    func runner() async throws {
        try await OwnRunnersBed.with { bed in
            let target = RunnerTarget(bed.runners)
            let lease = try await bed.lease()
            #expect(try await target.check(item("runner", lease.runner)) == .stays("somebody is on it"))
            lease.release()
            #expect(try await target.check(item("runner", "none")) == .gone)
            #expect(
                try await target.check(item("runner", lease.runner, stamp: "thing-9"))
                    == .stays("it was started anew meanwhile"))
            let entry = try item("runner", lease.runner, stamp: "thing-1")
            #expect(try await target.check(entry) == .removable)
            _ = try await target.remove(entry)
            #expect(bed.machine.up.isEmpty)
            #expect(try await target.check(entry) == .gone)
        }
    }

    @Test("an orphan goes by its identity; what is known, foreign or gone does not")
    func orphan() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            let spec = bed.machine.up[0].spec
            let orphan = try bed.machine.add(spec, owner: bed.book.owner)
            let foreign = try bed.machine.add(spec, owner: "another")
            let target = OrphanTarget(bed.runners)
            #expect(try await target.check(item("orphan", "thing-1")) == .stays("it is in the book of runners"))
            #expect(
                try await target.check(item("orphan", foreign.identity)) == .stays("another Perigee started it"))
            #expect(try await target.check(item("orphan", "nothing")) == .gone)
            #expect(try await target.check(item("orphan", orphan.identity)) == .removable)
            _ = try await target.remove(item("orphan", orphan.identity))
            #expect(!orphan.isUp && foreign.isUp && bed.machine.up.count == 2)
            await #expect(throws: Fault.self) { try await bed.runners.end(orphan: "thing-1") }
            await #expect(throws: Fault.self) { try await bed.runners.end(orphan: "nothing") }
        }
    }

    @Test("a thousand of them are listed once, not a thousand times")
    func many() async throws {
        try await OwnRunnersBed.with { bed in
            let owner = bed.book.owner
            bed.machine.shells = (1...1000).map {
                FoundRunner(
                    identity: "shell-\($0)", name: "open-persona-runner-\($0)-x", workspace: "w\($0)", signature: "s",
                    owner: $0 % 2 == 0 ? owner : "another", started: 1, isUp: true)
            }
            let before = bed.backend.count("found")
            let target = OrphanTarget(bed.runners)
            var removed = 0
            for number in 1...1000 {
                let entry = try item("orphan", "shell-\(number)")
                guard try await target.check(entry) == .removable else { continue }
                _ = try await target.remove(entry)
                removed += 1
            }
            #expect(removed == 500 && bed.machine.shells.count == 500)
            #expect(bed.machine.shells.allSatisfy { $0.owner == "another" })
            #expect(bed.backend.count("found") - before < 20)
        }
    }
}
