/// Values of scripts for specs, and for a console without a store: the same rules, and nothing survives.
@Loop
public final class MemoryValues: KeyValues {
    private struct Place: Hashable {
        let namespace: [UInt8]
        let key: [UInt8]

        init(_ namespace: String, _ key: String) {
            self.namespace = Array(namespace.utf8)
            self.key = Array(key.utf8)
        }
    }

    private struct Entry {
        let key: String
        let json: String
        let end: StoredValue
    }

    private let clock: any WorldClock
    private var entries: [Place: Entry] = [:]

    public init(clock: any WorldClock) { self.clock = clock }

    private var now: Int64 { ValueEnd.milliseconds(clock.now) }

    public func get(_ namespace: String, _ key: String) -> String? { live(namespace, key)?.json }

    public func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) {
        put(namespace, key, json, ValueEnd.after(lifetime, from: now))
    }

    public func remove(_ namespace: String, _ key: String) -> Bool {
        let isThere = live(namespace, key) != nil
        entries[Place(namespace, key)] = nil
        return isThere
    }

    public func increment(
        _ namespace: String, _ key: String, by amount: Int64, lifetime: Duration?
    ) throws -> Int64 {
        let found = live(namespace, key)
        let sum = try ValueCount.adding(amount, to: found?.json, at: key)
        put(namespace, key, String(sum), found?.end ?? ValueEnd.after(lifetime, from: now))
        return sum
    }

    public func swap(
        _ namespace: String, _ key: String, expected: String?, _ json: String, lifetime: Duration?
    ) -> Bool {
        guard ValueText.areSame(get(namespace, key), expected) else { return false }
        set(namespace, key, json, lifetime: lifetime)
        return true
    }

    public func list(
        _ namespace: String, prefix: String, after: String?, limit: Int
    ) -> [(key: String, json: String)] {
        let mine = Array(namespace.utf8)
        let candidates = entries.filter { $0.key.namespace == mine && isLive($0.value) }.map(\.value)
            .filter { $0.key.utf8.starts(with: prefix.utf8) }
            .filter { entry in after.map { ValueText.precedes($0, entry.key) } ?? true }
            .sorted { ValueText.precedes($0.key, $1.key) }
        var page = ValuePage(prefix: prefix, limit: limit)
        for entry in candidates where !page.take(entry.key, entry.json) { break }
        return page.found
    }

    /// As the stored ones do.
    @discardableResult
    public func removeExpired(limit: Int) -> Int {
        let gone = entries.filter { !isLive($0.value) }.keys.prefix(limit)
        for place in gone { entries[place] = nil }
        return gone.count
    }

    private func live(_ namespace: String, _ key: String) -> Entry? {
        entries[Place(namespace, key)].flatMap { isLive($0) ? $0 : nil }
    }

    private func isLive(_ entry: Entry) -> Bool {
        if case .integer(let end) = entry.end { end > now } else { true }
    }

    private func put(_ namespace: String, _ key: String, _ json: String, _ end: StoredValue) {
        entries[Place(namespace, key)] = Entry(key: key, json: json, end: end)
    }
}
