import Runtime

/// What is known of all sizes at one moment, in the order in which people look at it. Made aside: there may be tens of
/// thousands.
struct DiskView: Sendable {
    struct Sum: Sendable, Equatable {
        var count = 0
        var bytes: Int64 = 0
        var files: Int64 = 0
    }

    /// The largest first.
    private(set) var largest: [DiskBook.Entry]
    private(set) var byKind: [String: [DiskBook.Entry]] = [:]
    private(set) var sums: [String: Sum] = [:]
    /// What users work on.
    private(set) var projectBytes: Int64 = 0

    init(_ entries: [DiskBook.Entry], projects: Set<String>, inner: Set<String>) {
        largest = entries.sorted { DiskView.isLarger($0, $1) }
        for entry in largest {
            byKind[entry.kind, default: []].append(entry)
            sums[entry.kind, default: Sum()].add(entry.size.usage)
            // What has no owner lies in no workspace, and is counted by itself.
            let counts = projects.contains(entry.kind) || entry.place.owner == nil && inner.contains(entry.kind)
            if counts { projectBytes += entry.size.usage.bytes }
        }
    }

    static func isLarger(_ one: DiskBook.Entry, _ other: DiskBook.Entry) -> Bool {
        let (left, right) = (one.size.usage.bytes, other.size.usage.bytes)
        if left != right { return left > right }
        return (one.kind, one.place.id) < (other.kind, other.place.id)
    }
}

extension DiskView.Sum {
    fileprivate mutating func add(_ usage: DirectoryUsage) {
        count += 1
        bytes += usage.bytes
        files += usage.files
    }
}
