import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("operations that take longer")
@Loop
struct OperationsTests {
    private func with(
        _ body: @Loop (Operations, @escaping @Loop () async throws -> Operations) async throws -> Void
    ) async throws {
        let spaces = try await WorkspacesBed.open()
        let scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        let open: @Loop () async throws -> Operations = {
            let operations = Operations(scope: scope, store: spaces.store, patience: .zero, now: Access.now)
            try await operations.start()
            return operations
        }
        let first = try await open()
        await Deadline.within(.seconds(30)) {
            do { try await body(first, open) } catch { Issue.record(error) }
        }
        await first.close()
        await scope.close()
        await spaces.close()
    }

    @Test("one that a restart breaks off is interrupted, and one that has ended tells what it came to")
    func restart() async throws {
        try await with { operations, open in
            let (gate, ended) = (Waiter<Void>("the gate"), Waiter<Void>("the end"))
            guard
                case .later(let unfinished) = try await operations.run(
                    "clone", "acme/app", user: "ann",
                    { _ in
                        try await Waiter<Void>("for ever").value()
                        return [:]
                    }),
                case .later(let done) = try await operations.run(
                    "push", "t", user: nil,
                    { _ in
                        try await gate.value()
                        ended.finish(.success(()))
                        return ["status": "pushed"]
                    })
            else {
                Issue.record("they did not take long")
                return
            }
            #expect(unfinished.state == .running && done.state == .running)
            gate.finish(.success(()))
            try await ended.value()
            while try operations.get(done.id).state == .running { await Loop.yield() }

            let again = try await open()
            let broken = try again.get(unfinished.id, of: "ann")
            #expect(broken.state == .interrupted && broken.fault?.kind == .unavailable && broken.endedAt != nil)
            let known = try again.get(done.id)
            #expect(known.state == .succeeded && known.result == ["status": "pushed"])
            #expect(throws: Fault.self) { try again.get(unfinished.id, of: "bob") }
            #expect(throws: Fault.self) { try again.cancel(unfinished.id) }
            #expect(again.list(of: "ann").map(\.id) == [unfinished.id])
            await again.close()
        }
    }

    @Test("one that ends at once leaves nothing in the store")
    func short() async throws {
        try await with { _, open in
            let patient = try await open()
            guard
                case .done(let result) = try await patient.run(
                    "push", "t", user: nil, patience: .seconds(20), { _ in ["status": "pushed"] })
            else {
                Issue.record("it took long")
                return
            }
            #expect(result == ["status": "pushed"])
            await patient.close()
            #expect(try await open().list().isEmpty)
        }
    }
}
