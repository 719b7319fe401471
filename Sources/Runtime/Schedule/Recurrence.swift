/// When a job runs: a cron line, or `every 15m` counted from its last start.
public enum Recurrence: Sendable {
    case cron(Cron)
    case every(Duration)

    public init(_ text: String) throws {
        if text.hasPrefix("every") {
            let rest = text.dropFirst(5)
            guard rest.first == " ", let period = Units.duration(String(rest.drop { $0 == " " })), period >= .seconds(1)
            else {
                throw Fault(
                    .invalidInput, "\"\(text)\" is not a period of at least a second",
                    hint: "write \"every 15m\" or \"every 1h30m\"")
            }
            self = .every(period)
        } else {
            self = .cron(try Cron(text))
        }
    }

    /// The first moment after `moment`, in seconds since the epoch.
    ///
    /// `anchor` is where `every` counts from. It stays in step: after a pause the next one is on the old grid.
    public func next(after moment: Int64, anchor: Int64, in zone: Zone) -> Int64 {
        switch self {
        case .cron(let cron): return cron.next(after: moment, in: zone)
        case .every(let period):
            let seconds = max(1, period.nanoseconds / 1_000_000_000)
            guard moment >= anchor else { return anchor }
            return anchor + ((moment - anchor) / seconds + 1) * seconds
        }
    }
}
