import Runtime
import Testing

@Suite("scopes")
@Loop
struct ScopeTests {
    @Test("closing cancels tasks and returns after the last has ended")
    func close() async throws {
        let scope = Scope.forTest()
        var ended = 0
        for _ in 0..<3 {
            scope.spawn("sleeper") {
                defer { ended += 1 }
                try await Loop.sleep(for: .seconds(3600))
            }
        }
        #expect(scope.taskCount == 3)
        await scope.close()
        #expect(ended == 3)
        #expect(scope.taskCount == 0)
    }

    @Test("inner scopes close first, the newest before the older")
    func innerFirst() async throws {
        let scope = Scope.forTest()
        var order: [String] = []
        func sleeper(_ name: String, in scope: Scope) {
            scope.spawn(name) {
                defer { order.append(name) }
                try await Loop.sleep(for: .seconds(3600))
            }
        }
        sleeper("outer", in: scope)
        sleeper("older", in: scope.child("older"))
        sleeper("newer", in: scope.child("newer"))
        await scope.close()
        #expect(order == ["newer", "older", "outer"])
    }

    @Test("grace lets a task finish by itself")
    func grace() async throws {
        let scope = Scope.forTest()
        let gate = Waiter<Void>("the gate")
        var finished = false
        scope.spawn("finishes") {
            try await gate.value()
            finished = true
        }
        let closing = Scope.forTest()
        closing.spawn("close") { await scope.close(grace: .seconds(60)) }
        await Loop.yield()
        gate.finish(.success(()))
        await closing.close(grace: .seconds(60))
        #expect(finished)
    }

    @Test("an error that escapes a task is reported with the task's name, a cancellation is not")
    func failures() async throws {
        let reported = Mailbox<String>("reports")
        let scope = Scope("test") { task, error in reported.send("\(task): \(Fault(error).message)") }
        scope.spawn("cancelled") { throw CancellationError() }
        scope.spawn("broken") { throw Fault(.internal, "lost the key") }
        #expect(try await reported.next() == "broken: lost the key")
        await scope.close()
        #expect(scope.taskCount == 0)
    }

    @Test("a task that is started while the scope closes sees its cancellation")
    func lateTask() async throws {
        let scope = Scope.forTest()
        await scope.close()
        let seen = Waiter<Bool>("the late task")
        scope.spawn("late") { seen.finish(.success(Task.isCancelled)) }
        #expect(try await seen.value())
    }

    @Test("the pool runs blocking work aside and gives back results and errors")
    func pool() async throws {
        let sum = try await BlockingPool.shared.run("sum") { (1...1000).reduce(0, +) }
        #expect(sum == 500_500)
        await #expect(throws: Fault(.notFound, "nothing")) {
            try await BlockingPool.shared.run("nothing") { throw Fault(.notFound, "nothing") }
        }
    }

    @Test("a full pool refuses at once instead of growing")
    func fullPool() async throws {
        let pool = BlockingPool("small pool", threads: 1, limit: 2)
        let gate = Gate()
        let scope = Scope.forTest()
        let begun = Waiter<Void>("the first job")
        scope.spawn("holds the thread") {
            try await pool.run("hold") {
                Loop.post { begun.finish(.success(())) }
                gate.wait()
            }
        }
        try await begun.value()
        for _ in 0..<2 { scope.spawn("queued") { try await pool.run("wait") { gate.wait() } } }
        await Loop.yield()
        let fault = await #expect(throws: Fault.self) { try await pool.run("one too many") {} }
        #expect(fault?.kind == .overBudget)
        for _ in 0..<3 { gate.open() }
        await scope.close(grace: .seconds(60))
    }
}
