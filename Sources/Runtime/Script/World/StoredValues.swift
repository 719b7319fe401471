/// Values of scripts in the store: what was answered survives a kill. What has expired is there for nobody, and leaves
/// the disk when gc calls `removeExpired`.
@Loop
public final class StoredValues: KeyValues {
    private let store: Store
    private let clock: any WorldClock

    public init(_ store: Store, clock: any WorldClock) {
        self.store = store
        self.clock = clock
    }

    /// Milliseconds since the epoch.
    private var now: Int64 { ValueEnd.milliseconds(clock.now) }

    public func get(_ namespace: String, _ key: String) async throws -> String? {
        let now = now
        return try await store.read { try $0.first(ValueQueries.get, namespace, key, now) }
    }

    public func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) async throws {
        let end = ValueEnd.after(lifetime, from: now)
        try await store.write { try $0.run(ValueQueries.set, namespace, key, json, end) }
    }

    public func remove(_ namespace: String, _ key: String) async throws -> Bool {
        let now = now
        return try await store.write { try $0.run(ValueQueries.remove, namespace, key, now) > 0 }
    }

    public func increment(
        _ namespace: String, _ key: String, by amount: Int64, lifetime: Duration?
    ) async throws -> Int64 {
        let now = now
        let end = ValueEnd.after(lifetime, from: now)
        return try await store.write { transaction in
            let found = try transaction.first(ValueQueries.find, namespace, key, now)
            let sum = try ValueCount.adding(amount, to: found?.0, at: key)
            try transaction.run(ValueQueries.set, namespace, key, String(sum), found?.1 ?? end)
            return sum
        }
    }

    public func swap(
        _ namespace: String, _ key: String, expected: String?, _ json: String, lifetime: Duration?
    ) async throws -> Bool {
        let now = now
        let end = ValueEnd.after(lifetime, from: now)
        return try await store.write { transaction in
            let found = try transaction.first(ValueQueries.get, namespace, key, now)
            guard ValueText.areSame(found, expected) else { return false }
            try transaction.run(ValueQueries.set, namespace, key, json, end)
            return true
        }
    }

    public func list(
        _ namespace: String, prefix: String, after: String?, limit: Int
    ) async throws -> [(key: String, json: String)] {
        let now = now
        return try await store.read { snapshot in
            var page = ValuePage(prefix: prefix, limit: limit)
            var last = after ?? ""
            while true {
                let rows = try snapshot.all(ValueQueries.list, namespace, prefix, last, now, ValuePage.step)
                for (key, json) in rows {
                    guard page.take(key, json) else { return page.found }
                    last = key
                }
                if rows.count < ValuePage.step { return page.found }
            }
        }
    }

    /// How many values have expired, and about how many bytes they hold.
    public func expired() async throws -> (count: Int, bytes: Int64) {
        let now = now
        return try await store.read { try $0.one(ValueQueries.expired, now) }
    }

    /// Deletes what has expired, the longest gone first, and tells how many there were; at most `limit` of them.
    @discardableResult
    public func removeExpired(limit: Int) async throws -> Int {
        let now = now
        return try await store.write { try $0.run(ValueQueries.removeExpired, now, limit) }
    }
}
