import Runtime

/// Work that several may ask for at once and that is done once: all get its outcome, whoever of them stops waiting.
@Loop
final class SingleFlight<Value: Sendable> {
    private let subject: String
    private let scope: Scope
    private var waiting: [String: [Waiter<Value>]] = [:]

    init(_ subject: String, scope: Scope) {
        self.subject = subject
        self.scope = scope
    }

    func run(_ name: String, _ work: @escaping @Loop () async throws -> Value) async throws -> Value {
        try await lead(name, work).value
    }

    /// The same, and whether it was this call that had it done.
    func lead(
        _ name: String, _ work: @escaping @Loop () async throws -> Value
    ) async throws -> (value: Value, isFirst: Bool) {
        let isFirst = waiting[name] == nil
        let waiter = Waiter<Value>("\(subject) \(name)")
        if !isFirst {
            waiting[name]?.append(waiter)
        } else {
            waiting[name] = [waiter]
            scope.spawn("\(subject) \(name)") { [self] in
                let result: Result<Value, any Error>
                do {
                    // The first who asked may have little time, and others more.
                    result = .success(try await Deadline.lifted(work))
                } catch {
                    result = .failure(error)
                }
                for waiter in waiting.removeValue(forKey: name) ?? [] { waiter.finish(result) }
            }
        }
        return (try await waiter.value(), isFirst)
    }
}
