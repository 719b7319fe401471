/// A cron line: minute, hour, day of month, month, day of week, on the clocks of a zone.
///
/// Across clock changes: a line with fixed hours runs exactly once for each time that it names, at the moment of the jump
/// when the clocks skip it, and the first time when they show it twice. A line with `*` hours follows real time: it
/// runs for each time that is really shown, and so twice for a repeated one.
public struct Cron: Sendable {
    private let minute: CronField
    private let hour: CronField
    private let day: CronField
    private let month: CronField
    private let weekday: CronField

    public init(_ text: String) throws {
        let line = Cron.shorthands[text.lowercased()] ?? text
        let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5 else {
            throw Fault(
                .invalidInput, "\"\(text)\" is not a cron line: it has \(fields.count) fields, not 5",
                hint: "write minute hour day month weekday, as in \"30 3 * * *\", or \"every 15m\"")
        }
        do {
            minute = try CronField(fields[0], .minute)
            hour = try CronField(fields[1], .hour)
            day = try CronField(fields[2], .day)
            month = try CronField(fields[3], .month)
            weekday = try CronField(fields[4], .weekday)
        } catch {
            throw Fault(.invalidInput, "\"\(text)\": \(Fault(error).message)")
        }
        guard canEverRun else { throw Fault(.invalidInput, "\"\(text)\" names a day that no month has") }
    }

    /// Follows real time rather than the clock's: it has `*` hours.
    var followsRealTime: Bool { hour.isOpen }

    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// The first moment after `moment` (seconds since the epoch) at which the line runs.
    public func next(after moment: Int64, in zone: Zone) -> Int64 {
        // A day early, because the fixed time of a skipped hour may stand before the clock of now.
        var number = zone.civil(at: moment).daysSinceEpoch - 1
        while true {
            let date = CivilTime(daysSinceEpoch: number)
            if matches(date), let found = moments(of: date, in: zone).filter({ $0 > moment }).min() { return found }
            number += 1
        }
    }

    /// Both day fields restricted: either will do, as cron has always read it.
    private func matches(_ date: CivilTime) -> Bool {
        guard month.contains(date.month) else { return false }
        let dayFits = day.contains(date.day)
        let weekdayFits = weekday.contains(date.weekday)
        return day.isOpen || weekday.isOpen ? dayFits && weekdayFits : dayFits || weekdayFits
    }

    private func moments(of date: CivilTime, in zone: Zone) -> [Int64] {
        var found: [Int64] = []
        for hour in 0..<24 where self.hour.contains(hour) {
            for minute in 0..<60 where self.minute.contains(minute) {
                var clock = date
                clock.hour = hour
                clock.minute = minute
                switch zone.moments(of: clock) {
                case .once(let moment): found.append(moment)
                case .twice(let first, let second): found += self.hour.isOpen ? [first, second] : [first]
                case .never(let jump): if !self.hour.isOpen { found.append(jump) }
                }
            }
        }
        return found
    }

    /// Any eight years in a row hold each date there is, and each with every weekday within forty.
    private var canEverRun: Bool {
        let start = CivilTime(2000, 1, 1).daysSinceEpoch
        return (start..<(start + 40 * 366)).contains { matches(CivilTime(daysSinceEpoch: $0)) }
    }
}
