public import Runtime

/// How something is refused; nil when it is not.
@Loop
public func refusal<Value>(_ body: @Loop () async throws -> Value) async -> Fault.Kind? {
    do {
        _ = try await body()
        return nil
    } catch {
        return Fault(error).kind
    }
}
