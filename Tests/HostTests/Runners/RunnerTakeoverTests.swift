import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners of our own: from one process to the next")
@Loop
struct RunnerTakeoverTests {
    @Test("what is up is taken over, with its turns; nothing is started twice")
    func adopted() async throws {
        try await OwnRunnersBed.with { bed in
            let lease = try await bed.lease()
            let workspace = try await bed.access.workspace()
            let session = try await lease.server.create(OpencodeNewSession(title: "x"), in: workspace.directory)
            lease.release()
            await bed.leave()
            try await bed.open()
            // It can be spoken with before anybody has looked whether it is there.
            let server = try #require(bed.runners.server(of: lease.runner))
            #expect(try await server.session(session.id, in: workspace.directory).id == session.id)
            let next = try await bed.lease()
            #expect(bed.backend.count("start") == 0 && bed.machine.up.count == 1)
            #expect(bed.runners.list().map(\.life) == [.ready])
            next.release()
            // Its end is seen, also by a process that did not start it.
            await bed.machine.end(bed.machine.up[0])
            try await bed.until("the news") { bed.runners.list().allSatisfy { $0.life != .ready } }
        }
    }

    @Test("what is gone, or has another password, or is another's by now, is started anew")
    func useless() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease("ann").release()
            try await bed.lease("bob").release()
            let bob = try #require(try await bed.runner("bob")?.running)
            await bed.leave()
            for thing in bed.machine.up where thing.identity != bob.place.identity { await bed.machine.end(thing) }
            try await bed.access.store.write {
                try $0.run("UPDATE runner_leases SET signature = 'other' WHERE identity = 'thing-2'")
            }
            try await bed.open()
            try await bed.lease("ann").release()
            try await bed.lease("bob").release()
            // The first turn may have taken it as it was.
            try await bed.lease("bob").release()
            #expect(bed.backend.count("start") == 2 && bed.machine.up.count == 2)
            #expect(!bed.machine.up.contains { $0.identity == bob.place.identity })
        }
    }

    @Test("keys that changed meanwhile: the runner of the old ones is ended")
    func otherKeys() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            await bed.leave()
            let ann = try await bed.access.workspace()
            _ = try await bed.access.workspaces.setKeys([.openai: Secret("sk-new-12345")], of: ann)
            try await bed.open()
            try await bed.until("its end") { bed.machine.up.isEmpty }
        }
    }

    @Test("killed in the middle of a start: what was made is found by its mark and ended; others' things are not")
    func halfStarted() async throws {
        try await OwnRunnersBed.with { bed in
            bed.backend.hold = Waiter<Void>("for ever")
            let turn = bed.inBackground("a turn") { _ = try await bed.lease() }
            try await bed.until("the start") { !bed.machine.up.isEmpty }
            let half = bed.machine.up[0]
            let foreign = try bed.machine.add(half.spec, owner: "another")
            await bed.leave()
            await #expect(throws: Fault.self) { try await turn.value() }
            #expect(half.isUp, "a killed process clears up nothing")
            #expect(try await bed.entries().map(\.state) == [.starting])
            try await bed.open()
            try await bed.until("its end") { !half.isUp }
            #expect(foreign.isUp)
            try await bed.lease("bob").release()
            #expect(try await bed.entries().map(\.state) == [.ready])
        }
    }

    @Test("killed at any moment: never two of a name, never one that nobody knows after a look", arguments: 1...12)
    func anyMoment(_ seed: Int) async throws {
        try await OwnRunnersBed.with { bed in
            var random = SeededGenerator(seed: UInt64(seed))
            for _ in 0..<4 {
                var turns: [Waiter<Void>] = []
                for user in 0..<5 {
                    turns.append(bed.inBackground("turn") { try await bed.lease("user\(user)").release() })
                }
                for _ in 0..<Int.random(in: 0..<60, using: &random) { await Loop.yield() }
                await bed.leave()
                for turn in turns { _ = try? await turn.value() }  // some were cut
                try await bed.open()
            }
            for user in 0..<5 { try await bed.lease("user\(user)").release() }
            try await bed.until("order") { bed.machine.up.count == 5 }
            let names = bed.machine.up.map(\.spec.name)
            #expect(Set(names).count == 5)
            #expect(try await bed.runners.found().allSatisfy { $0.standing == .known })
            #expect(try await bed.entries().count == 5)
        }
    }

    @Test("a password is nowhere readable in the store")
    func sealed() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            let password = bed.machine.up[0].fake.password
            let rows = try await bed.access.store.read {
                try $0.all(Query("SELECT sealed, address FROM runner_leases", String.self, String.self))
            }
            #expect(rows.count == 1 && !rows[0].0.isEmpty && !"\(rows)".contains(password))
        }
    }
}
