/// Lets the first few of identical lines through and counts the rest, until their time is over.
///
/// A plain state machine: the caller brings the clock and writes what it is told to.
struct RepeatFilter {
    struct Report: Equatable {
        let body: [UInt8]
        let count: Int
    }

    private struct Entry {
        var since: Instant
        var seen: Int
        var held: Int
    }

    let burst: Int
    let period: Duration
    let limit: Int
    private var entries: [[UInt8]: Entry] = [:]
    /// No entry has had its time before this moment.
    private var soonest = Instant(nanoseconds: .max)

    init(burst: Int = 5, period: Duration = .seconds(10), limit: Int = 256) {
        self.burst = burst
        self.period = period
        self.limit = limit
    }

    /// Whether the line is to be written. A table that is full of other lines counts nothing: all lines pass.
    mutating func admits(_ body: [UInt8], at now: Instant) -> Bool {
        guard var entry = entries[body] else {
            if entries.count < limit {
                entries[body] = Entry(since: now, seen: 1, held: 0)
                soonest = min(soonest, now + period)
            }
            return true
        }
        entry.seen += 1
        let passes = entry.seen <= burst
        if !passes { entry.held += 1 }
        entries[body] = entry
        return passes
    }

    /// Forgets what has had its time, and says what was held back meanwhile.
    mutating func expire(at now: Instant) -> [Report] {
        guard now >= soonest else { return [] }
        var reports: [Report] = []
        for (body, entry) in entries where entry.since + period <= now {
            entries[body] = nil
            if entry.held > 0 { reports.append(Report(body: body, count: entry.held)) }
        }
        soonest = entries.values.lazy.map(\.since).min().map { $0 + period } ?? Instant(nanoseconds: .max)
        return reports
    }

    /// When `expire` has something to say next; nil while nothing is held back.
    var nextReport: Instant? {
        entries.values.lazy.filter { $0.held > 0 }.map(\.since).min().map { $0 + period }
    }
}
