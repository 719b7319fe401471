import Runtime

/// One at a time for each name, in the order in which they came.
@Loop
final class Turns {
    /// More that wait for one name are refused.
    private static let most = 256

    private let subject: String
    private var waiting: [String: [Waiter<Void>]] = [:]

    init(_ subject: String) { self.subject = subject }

    func run<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        try await enter(name)
        defer { leave(name) }
        return try await body()
    }

    private func enter(_ name: String) async throws {
        guard let queue = waiting[name] else {
            waiting[name] = []
            return
        }
        guard queue.count < Turns.most else {
            throw Fault(.overBudget, "\(subject) \(name): \(Turns.most) wait for it already")
        }
        let waiter = Waiter<Void>("a turn at \(subject) \(name)")
        waiting[name]?.append(waiter)
        do {
            try await waiter.value()
        } catch {
            waiting[name]?.removeAll { $0 === waiter }
            throw error
        }
    }

    /// Whoever has stopped waiting is passed over.
    private func leave(_ name: String) {
        while let next = waiting[name]?.first {
            waiting[name]?.removeFirst()
            if next.isFinished { continue }
            return next.finish(.success(()))
        }
        waiting[name] = nil
    }
}
