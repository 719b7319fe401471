import Runtime

/// Lets a few in at a time, in the order in which they came.
@Loop
final class StartQueue {
    private let most: Int
    private(set) var count = 0
    private var waiting: [Waiter<Void>] = []

    init(most: Int) { self.most = most }

    func run<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        guard count >= most else {
            count += 1
            return
        }
        let waiter = Waiter<Void>("a turn to start a runner")
        waiting.append(waiter)
        do {
            try await waiter.value()
        } catch {
            waiting.removeAll { $0 === waiter }
            throw error
        }
    }

    /// Whoever has stopped waiting is passed over; the place goes to the next one as it is.
    private func leave() {
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            if next.isFinished { continue }
            return next.finish(.success(()))
        }
        count -= 1
    }
}
