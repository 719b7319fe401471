import Glibc

/// An IANA time zone, read from the system's tables (TZif, RFC 8536), so that its updates are ours too.
public struct Zone: Sendable {
    public let name: String

    /// Offsets from UTC in seconds: before the first change, and from each change on.
    private let firstOffset: Int
    private let changes: [Change]
    /// How the zone goes on after the last change of the table.
    private let rule: ZoneRule?

    struct Change: Sendable {
        let moment: Int64
        let offset: Int
    }

    public static let utc = Zone(name: "UTC", firstOffset: 0, changes: [], rule: nil)

    init(name: String, firstOffset: Int, changes: [Change], rule: ZoneRule?) {
        self.name = name
        self.firstOffset = firstOffset
        self.changes = changes
        self.rule = rule
    }

    /// What the clocks of the zone are ahead of UTC at a moment, in seconds.
    public func offset(at moment: Int64) -> Int {
        if let rule, moment >= changes.last?.moment ?? .min { return rule.offset(at: moment) }
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].moment <= moment { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : changes[low - 1].offset
    }

    public func civil(at moment: Int64) -> CivilTime {
        CivilTime(secondsSinceEpoch: moment + Int64(offset(at: moment)))
    }

    /// What a wall clock reading stands for.
    public enum Reading: Equatable, Sendable {
        case once(Int64)
        /// The clocks go back over it: it is shown twice.
        case twice(first: Int64, second: Int64)
        /// The clocks jump over it; the moment is that of the jump.
        case never(jump: Int64)
    }

    public func moments(of clock: CivilTime) -> Reading {
        let local = clock.secondsSinceEpoch
        // No zone is more than a day from UTC, and none changes twice within two days.
        let before = offset(at: local - 86400)
        let after = offset(at: local + 86400)
        let early = local - Int64(before)
        let late = local - Int64(after)
        let earlyHolds = offset(at: early) == before
        let lateHolds = offset(at: late) == after
        switch (earlyHolds, lateHolds) {
        case (true, true):
            return early == late ? .once(early) : .twice(first: min(early, late), second: max(early, late))
        case (true, false): return .once(early)
        case (false, true): return .once(late)
        case (false, false): return .never(jump: jump(between: late, and: early, from: before))
        }
    }

    /// The first moment at which the old offset no longer holds.
    private func jump(between start: Int64, and end: Int64, from old: Int) -> Int64 {
        var low = min(start, end) - 1
        var high = max(start, end)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == old { low = middle } else { high = middle }
        }
        return high
    }
}

extension Zone {
    /// Loads a zone by its IANA name, such as `Europe/Berlin`.
    public init(named name: String) throws {
        if name == "UTC" {
            self = .utc
            return
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName =
            !name.isEmpty && name.utf8.count < 64
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.first != 46
                    && part.utf8.allSatisfy { $0 == 43 || $0 == 45 || $0 == 95 || isAlphanumeric($0) }
            }
        guard isName, let bytes = Zone.table(name) else {
            throw Fault(
                .invalidInput, "there is no time zone \"\(name)\"",
                hint: "write it as Europe/Berlin or UTC; the system's tables are in the package tzdata")
        }
        self = try ZoneTable(bytes).zone(named: name)
    }

    private static func table(_ name: String) -> [UInt8]? {
        let descriptor = open("/usr/share/zoneinfo/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 && count < bytes.count ? Array(bytes[..<count]) : nil
    }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
}
