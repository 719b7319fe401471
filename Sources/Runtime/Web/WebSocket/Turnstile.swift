/// Lets tasks through one at a time, in the order in which they came.
@Loop
final class Turnstile {
    private let subject: String
    private var waiting: [Waiter<Void>] = []
    private(set) var isTaken = false

    init(_ subject: String) { self.subject = subject }

    /// Every successful `enter` needs its `leave`.
    func enter() async throws {
        guard isTaken else {
            isTaken = true
            return
        }
        let waiter = Waiter<Void>(subject)
        waiting.append(waiter)
        do {
            try await waiter.value()
        } catch {
            // Given up before its turn came, `leave` must not count on it.
            waiting.removeAll { $0 === waiter }
            throw error
        }
    }

    func leave() {
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            if next.isFinished { continue }
            next.finish(.success(()))
            return
        }
        isTaken = false
    }
}
