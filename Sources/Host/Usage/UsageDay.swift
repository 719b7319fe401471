import Runtime

/// A day in UTC.
struct UsageDay: Sendable, Equatable, Comparable {
    private static let length: Int64 = 86_400_000

    /// Milliseconds since the epoch.
    let start: Int64

    init(of moment: Int64) { start = moment - (moment % UsageDay.length + UsageDay.length) % UsageDay.length }

    /// As `2026-11-21`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard text.utf8.count == 10, parts.count == 3, parts.allSatisfy({ $0 > 0 }) else { return nil }
        self.init(of: CivilTime(parts[0], parts[1], parts[2]).secondsSinceEpoch * 1000)
        // The 31st of a short month is none.
        guard self.text == text else { return nil }
    }

    var text: String { String(JobTime.text(start).prefix(10)) }
    var next: UsageDay { UsageDay(of: start + UsageDay.length) }
    var firstOfMonth: UsageDay { UsageDay("\(text.prefix(8))01") ?? self }

    func before(_ days: Int64) -> UsageDay { UsageDay(of: start - days * UsageDay.length) }

    static func < (one: UsageDay, other: UsageDay) -> Bool { one.start < other.start }
}
