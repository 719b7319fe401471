import Glibc

/// Reads the three forms of dates that HTTP allows (RFC 9110 §5.6.7).
enum HTTPDate {
    /// Seconds since 1970; nil when it is no date.
    static func seconds(_ text: String) -> Int? {
        let words = text.split { $0 == " " || $0 == "," }
        switch words.count {
        case 6 where words[5] == "GMT":
            return seconds(words[3], words[2], words[1], words[4])
        case 4 where words[3] == "GMT":
            let parts = words[1].split(separator: "-")
            guard parts.count == 3, parts[2].utf8.count == 2, let short = Int(parts[2]) else { return nil }
            // Two digits that seem to lie ahead mean the century before.
            return seconds("\(short < 70 ? 2000 + short : 1900 + short)", parts[1], parts[0], words[2])
        case 5:
            return seconds(words[4], words[1], words[2], words[3])
        default: return nil
        }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func seconds(_ year: some StringProtocol, _ month: Substring, _ day: Substring, _ time: Substring)
        -> Int?
    {
        let clock = time.split(separator: ":").map { Int($0) }
        guard let year = Int(year), 1970...9999 ~= year, let month = months.firstIndex(of: String(month)),
            let day = Int(day), 1...31 ~= day, clock.count == 3, let hour = clock[0], 0...23 ~= hour,
            let minute = clock[1], 0...59 ~= minute, let second = clock[2], 0...60 ~= second
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(year - 1900), Int32(month), Int32(day))
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
        let result = timegm(&parts)
        // The 31st of a short month would have become another day.
        return Int(parts.tm_mday) == day || second == 60 ? result : nil
    }
}
