import Runtime
import Testing

@Suite("waiting")
@Loop
struct WaitingTests {
    @Test("the first result wins and later ones are ignored")
    func firstWins() async throws {
        let waiter = Waiter<Int>("a number")
        waiter.finish(.success(1))
        waiter.finish(.success(2))
        waiter.finish(.failure(Fault.cancelled))
        #expect(try await waiter.value() == 1)
    }

    @Test("cancelling the waiting task ends the wait")
    func cancellation() async throws {
        let scope = Scope.forTest()
        let outcome = Mailbox<Fault>("outcome")
        let waiter = Waiter<Void>("what never comes")
        let task = scope.spawn("waits") {
            do { try await waiter.value() } catch { outcome.send(Fault(error)) }
        }
        await Loop.yield()
        task.cancel()
        #expect(try await outcome.next()?.kind == .cancelled)
        await scope.close()
    }

    @Test("a task that was cancelled before it waits does not wait")
    func cancelledBefore() async throws {
        let scope = Scope.forTest()
        let outcome = Mailbox<Fault>("outcome")
        scope.spawn("waits") {
            withUnsafeCurrentTask { $0?.cancel() }
            do { try await Loop.sleep(for: .seconds(3600)) } catch { outcome.send(Fault(error)) }
        }
        #expect(try await outcome.next()?.kind == .cancelled)
        await scope.close()
    }

    @Test("a deadline ends the wait and says what took too long")
    func deadline() async throws {
        let fault = await #expect(throws: Fault.self) {
            try await Deadline.within(.milliseconds(5)) {
                try await Waiter<Void>("the answer of the oracle").value()
            }
        }
        #expect(fault?.kind == .timeout)
        #expect(fault?.message.contains("the answer of the oracle") == true)
    }

    @Test("an outer deadline that is earlier holds inside an inner one")
    func nestedDeadlines() async throws {
        await #expect(throws: Fault.self) {
            try await Deadline.within(.milliseconds(5)) {
                try await Deadline.within(.seconds(3600)) { try await Loop.sleep(for: .seconds(1800)) }
            }
        }
    }

    @Test("clean-up with its deadline lifted outlives the caller's")
    func lifted() async throws {
        try await Deadline.by(Loop.now) {
            try await Deadline.lifted { try await Loop.sleep(for: .milliseconds(2)) }
        }
    }

    @Test("a mailbox hands over in order and ends with its sender's error")
    func mailboxOrder() async throws {
        let box = Mailbox<Int>("numbers", limit: 2)
        #expect(box.send(1))
        #expect(!box.send(2))
        box.finish(.failure(Fault(.unavailable, "gone")))
        #expect(!box.send(3), "after the end nothing is taken")
        #expect(try await box.next() == 1)
        #expect(try await box.next() == 2)
        await #expect(throws: Fault(.unavailable, "gone")) { try await box.next() }
    }

    @Test("a full mailbox tells its sender when there is room again, once")
    func mailboxRoom() async throws {
        let box = Mailbox<Int>("numbers", limit: 2)
        var told = 0
        box.onRoom = { told += 1 }
        box.send(1)
        box.send(2)
        box.send(3)
        for _ in 0..<3 { _ = try await box.next() }
        #expect(told == 1)
        box.send(4)
        _ = try await box.next()
        #expect(told == 1, "it had not been full")
    }

    @Test("a reader that gives up tells the sender")
    func mailboxAbandon() async throws {
        let box = Mailbox<Int>("numbers")
        var told = false
        box.onAbandon = { told = true }
        box.send(1)
        box.abandon()
        #expect(told)
        #expect(!box.send(2))
        await #expect(throws: Fault.self) { try await box.next() }
    }

    @Test("posts from many threads all arrive, each thread's in its order")
    func posts() async throws {
        let arrived = Mailbox<(thread: Int, number: Int)>("posts", limit: .max)
        for thread in 0..<4 {
            try await BlockingPool.shared.run("post") {
                for number in 0..<500 { Loop.post { arrived.send((thread, number)) } }
            }
        }
        var next = [0, 0, 0, 0]
        for _ in 0..<2000 {
            let post = try #require(try await arrived.next())
            #expect(post.number == next[post.thread])
            next[post.thread] += 1
        }
    }
}

extension Scope {
    static func forTest() -> Scope {
        Scope("test") { task, error in Issue.record("\(task) failed: \(error)") }
    }
}
