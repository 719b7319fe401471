/// How a zone goes on for ever: the POSIX form `CET-1CEST,M3.5.0,M10.5.0/3` at the end of its table.
struct ZoneRule: Sendable, Equatable {
    private let standard: Int
    private let summer: Summer?

    private struct Summer: Equatable {
        let offset: Int
        let begins: Turn
        let ends: Turn
    }

    /// A day of the year and the seconds after its midnight, on the clock in force before it.
    private struct Turn: Equatable {
        enum Day: Equatable {
            /// 1 to 365, as if there were no leap day.
            case withoutLeapDay(Int)
            /// 0 to 365.
            case ofYear(Int)
            /// Week 5 means the last.
            case weekday(month: Int, week: Int, weekday: Int)
        }
        let day: Day
        let seconds: Int

        func local(in year: Int) -> Int64 { Int64(dayNumber(in: year)) * 86400 + Int64(seconds) }

        private func dayNumber(in year: Int) -> Int {
            let first = CivilTime(year, 1, 1).daysSinceEpoch
            switch day {
            case .withoutLeapDay(let number):
                return first + number - 1 + (CivilTime.isLeap(year) && number >= 60 ? 1 : 0)
            case .ofYear(let number):
                return first + number
            case .weekday(let month, let week, let weekday):
                let start = CivilTime(year, month, 1)
                var number = start.daysSinceEpoch + (weekday - start.weekday + 7) % 7 + (week - 1) * 7
                let end = month == 12 ? CivilTime(year + 1, 1, 1) : CivilTime(year, month + 1, 1)
                if number >= end.daysSinceEpoch { number -= 7 }
                return number
            }
        }
    }

    /// Nil for an empty or unknown text: then the last change of the table holds for ever.
    init?(_ text: String) {
        var reader = Reader(Array(text.utf8))
        guard reader.name(), let west = reader.offset() else { return nil }
        standard = -west
        if reader.isAtEnd {
            summer = nil
            return
        }
        guard reader.name() else { return nil }
        let ahead = reader.peek == 44 ? standard + 3600 : reader.offset().map { -$0 }
        guard let ahead, let begins = reader.turn(), let ends = reader.turn(), reader.isAtEnd else { return nil }
        summer = Summer(offset: ahead, begins: begins, ends: ends)
    }

    func offset(at moment: Int64) -> Int {
        guard let summer else { return standard }
        let year = CivilTime(secondsSinceEpoch: moment + Int64(standard)).year
        let begins = summer.begins.local(in: year) - Int64(standard)
        let ends = summer.ends.local(in: year) - Int64(summer.offset)
        // In the south, summer spans the new year.
        let isSummer = begins < ends ? moment >= begins && moment < ends : moment >= begins || moment < ends
        return isSummer ? summer.offset : standard
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }
        var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard peek == byte else { return false }
            position += 1
            return true
        }

        /// Letters, or anything in angle brackets.
        mutating func name() -> Bool {
            let start = position
            if take(60) {
                while let byte = peek, byte != 62 { _ = take(byte) }
                return take(62)
            }
            while let byte = peek, (65...90).contains(byte) || (97...122).contains(byte) { position += 1 }
            return position - start >= 3
        }

        private mutating func number() -> Int? {
            var value: Int?
            while let byte = peek, (48...57).contains(byte), value ?? 0 < 1000 {
                value = (value ?? 0) * 10 + Int(byte - 48)
                position += 1
            }
            return value
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func offset() -> Int? {
            let sign = take(45) ? -1 : 1
            if sign == 1 { _ = take(43) }
            guard let hours = number() else { return nil }
            var seconds = hours * 3600
            if take(58) {
                guard let minutes = number() else { return nil }
                seconds += minutes * 60
                if take(58) {
                    guard let rest = number() else { return nil }
                    seconds += rest
                }
            }
            return sign * seconds
        }

        mutating func turn() -> Turn? {
            guard take(44) else { return nil }
            let day: Turn.Day
            if take(77) {
                guard let month = number(), take(46), let week = number(), take(46), let weekday = number(),
                    (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
                else { return nil }
                day = .weekday(month: month, week: week, weekday: weekday)
            } else if take(74) {
                guard let number = number(), (1...365).contains(number) else { return nil }
                day = .withoutLeapDay(number)
            } else {
                guard let number = number(), (0...365).contains(number) else { return nil }
                day = .ofYear(number)
            }
            guard take(47) else { return Turn(day: day, seconds: 7200) }
            return offset().map { Turn(day: day, seconds: $0) }
        }
    }
}
