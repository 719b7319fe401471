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

    func isFlying(_ name: String) -> Bool { waiting[name] != nil }

    func run(_ name: String, _ work: @escaping @Loop () async throws -> Value) async throws -> Value {
        let waiter = Waiter<Value>("\(subject) \(name)")
        if waiting[name] != nil {
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
        return try await waiter.value()
    }
}
