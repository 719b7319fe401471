/// Small files in memory, bounded in bytes: at the bound those go first that were used longest ago.
struct FileCache {
    private struct Entry {
        let file: StaticFile
        var checked: Instant
        var used: UInt64
    }

    private let limit: Int
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    private(set) var bytes = 0

    /// What an entry costs beside its content.
    private static let overhead = 256

    init(limit: Int) { self.limit = limit }

    /// The file when it was compared with the disk no longer ago than `freshness`.
    mutating func find(_ key: String, checkedWithin freshness: Duration, of now: Instant) -> StaticFile? {
        guard let entry = entries[key], now - entry.checked <= freshness else { return nil }
        clock += 1
        entries[key]?.used = clock
        return entry.file
    }

    /// The file, however long ago it was compared with the disk.
    subscript(key: String) -> StaticFile? { entries[key]?.file }

    mutating func put(_ key: String, _ file: StaticFile, now: Instant) {
        remove(key)
        guard case .memory = file.content, file.size + FileCache.overhead <= limit else { return }
        while bytes + file.size + FileCache.overhead > limit { removeOldest() }
        clock += 1
        entries[key] = Entry(file: file, checked: now, used: clock)
        bytes += file.size + FileCache.overhead
    }

    mutating func remove(_ key: String) {
        if let entry = entries.removeValue(forKey: key) { bytes -= entry.file.size + FileCache.overhead }
    }

    private mutating func removeOldest() {
        if let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key { remove(oldest) }
    }
}
