import Runtime

/// Values of `host.store` whose time is over: all of them as one item, because nobody can read any of them.
@Loop
final class ScriptValueTarget: GCTarget {
    let kind = "script_value"
    private let values: StoredValues

    private static let everyExpired = "expired"
    /// So that other writes get their turn in between.
    private static let groupSize = 500

    init(_ values: StoredValues) { self.values = values }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard item.id == ScriptValueTarget.everyExpired else {
            return .stays("only \"\(ScriptValueTarget.everyExpired)\" can be removed, which is all that have expired")
        }
        return try await values.expired().count > 0 ? .removable : .gone
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        let bytes = try await values.expired().bytes
        while try await values.removeExpired(limit: ScriptValueTarget.groupSize) == ScriptValueTarget.groupSize {}
        return bytes
    }
}
