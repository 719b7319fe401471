/// The moment after which nobody wants the answer any more. Every wait below inherits it.
public enum Deadline {
    @TaskLocal public static var current: Instant?

    /// Runs `body` under a deadline; an earlier one that is inherited stays in force.
    @Loop
    public static func within<Value>(_ limit: Duration, _ body: @Loop () async throws -> Value) async rethrows -> Value
    {
        try await by(Instant.clock + limit, body)
    }

    @Loop
    public static func by<Value>(_ moment: Instant, _ body: @Loop () async throws -> Value) async rethrows -> Value {
        let earliest = current.map { min($0, moment) } ?? moment
        return try await $current.withValue(earliest) { try await body() }
    }

    /// Runs clean-up that must finish even though the caller's time is over.
    @Loop
    public static func lifted<Value>(_ body: @Loop () async throws -> Value) async rethrows -> Value {
        try await $current.withValue(nil) { try await body() }
    }
}

extension Loop {
    /// Sleeps without holding a thread; throws when the task is cancelled or its deadline passes first.
    @Loop public static func sleep(for duration: Duration) async throws {
        let waiter = Waiter<Void>("sleep")
        let timer = Timer { waiter.finish(.success(())) }
        timer.schedule(after: duration)
        defer { timer.cancel() }
        try await waiter.value()
    }
}
