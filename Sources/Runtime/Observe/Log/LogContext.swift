/// What every line says about the work that it was written for: request, run, chat, workspace. Inherited by tasks.
///
/// Another thread inherits nothing: capture `current` on the loop and bind it there with `bind`.
public struct LogContext: Sendable, Hashable {
    @TaskLocal public static var current = LogContext()

    /// More than this is dropped: a context is a handful of ids, not a place to keep things.
    static let limit = 12

    private(set) var fields = LogFields()

    public init() {}

    public init(_ pairs: KeyValuePairs<String, String>) {
        for (key, value) in pairs { self[key] = value }
    }

    public subscript(key: String) -> String? {
        get {
            if case .text(let value)? = fields[key] { value } else { nil }
        }
        set {
            if newValue != nil, fields[key] == nil, fields.pairs.count >= LogContext.limit { return }
            fields[key] = newValue.map { .text($0) }
        }
    }

    /// Runs `body` with these ids beside those that are inherited; the same key is replaced.
    public static func with<Value>(
        _ pairs: KeyValuePairs<String, String>, _ body: () throws -> Value
    ) rethrows -> Value {
        try $current.withValue(current.adding(pairs), operation: body)
    }

    @Loop
    public static func with<Value>(
        _ pairs: KeyValuePairs<String, String>, _ body: @Loop () async throws -> Value
    ) async rethrows -> Value {
        try await $current.withValue(current.adding(pairs)) { try await body() }
    }

    /// Runs `body`, on whatever thread, with this context and no other.
    public func bind<Value>(_ body: () throws -> Value) rethrows -> Value {
        try LogContext.$current.withValue(self, operation: body)
    }

    private func adding(_ pairs: KeyValuePairs<String, String>) -> LogContext {
        var context = self
        for (key, value) in pairs { context[key] = value }
        return context
    }
}
