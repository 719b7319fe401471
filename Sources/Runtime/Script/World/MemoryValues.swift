/// Values of scripts for specs, and for a console without a store: the same rules, and nothing survives.
@Loop
public final class MemoryValues: KeyValues {
    private struct Entry {
        let key: String
        let json: String
        let end: StoredValue
    }

    private let clock: any WorldClock
    /// By the bytes of the namespace, in the order of their keys.
    private var entries: [[UInt8]: [Entry]] = [:]

    public init(clock: any WorldClock) { self.clock = clock }

    private var now: Int64 { ValueEnd.milliseconds(clock.now) }

    public func get(_ namespace: String, _ key: String) -> String? { live(namespace, key)?.json }

    public func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) {
        put(namespace, key, json, ValueEnd.after(lifetime, from: now))
    }

    public func remove(_ namespace: String, _ key: String) -> Bool {
        let isThere = live(namespace, key) != nil
        let (index, isKept) = place(key, in: entries[Array(namespace.utf8)] ?? [])
        if isKept { entries[Array(namespace.utf8)]?.remove(at: index) }
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
        let mine = entries[Array(namespace.utf8)] ?? []
        let first = after.map { after in mine.firstIndex { ValueText.precedes(after, $0.key) } ?? mine.count } ?? 0
        var page = ValuePage(prefix: prefix, limit: limit)
        for entry in mine[first...] where isLive(entry) && entry.key.utf8.starts(with: prefix.utf8) {
            if !page.take(entry.key, entry.json) { break }
        }
        return page.found
    }

    /// As the stored ones do.
    @discardableResult
    public func removeExpired(limit: Int) -> Int {
        var count = 0
        for (namespace, kept) in entries {
            let gone = Set(kept.indices.filter { !isLive(kept[$0]) }.prefix(limit - count))
            count += gone.count
            if !gone.isEmpty { entries[namespace] = kept.indices.filter { !gone.contains($0) }.map { kept[$0] } }
        }
        return count
    }

    private func live(_ namespace: String, _ key: String) -> Entry? {
        let kept = entries[Array(namespace.utf8)] ?? []
        let (index, isKept) = place(key, in: kept)
        return isKept && isLive(kept[index]) ? kept[index] : nil
    }

    /// Where the key is, or belongs.
    private func place(_ key: String, in kept: [Entry]) -> (index: Int, isKept: Bool) {
        var (low, high) = (0, kept.count)
        while low < high {
            let middle = (low + high) / 2
            if ValueText.precedes(kept[middle].key, key) { low = middle + 1 } else { high = middle }
        }
        return (low, low < kept.count && !ValueText.precedes(key, kept[low].key))
    }

    private func isLive(_ entry: Entry) -> Bool {
        if case .integer(let end) = entry.end { end > now } else { true }
    }

    private func put(_ namespace: String, _ key: String, _ json: String, _ end: StoredValue) {
        let entry = Entry(key: key, json: json, end: end)
        let (index, isKept) = place(key, in: entries[Array(namespace.utf8)] ?? [])
        if isKept {
            entries[Array(namespace.utf8)]?[index] = entry
        } else {
            entries[Array(namespace.utf8), default: []].insert(entry, at: index)
        }
    }
}
