/// Durations and sizes as people write them: `90s`, `1h30m`, `32MB`. One reading for settings and scripts.
public enum Units {
    /// `250ms`, `30s`, `15m`, `2h`, `7d`, and several in falling order (`1h30m`). Nil when it is anything else.
    public static func duration(_ text: String) -> Duration? {
        var total = Duration.zero
        var rest = Substring(text)
        var smallest = Int64.max
        while !rest.isEmpty {
            guard let (number, unit) = nextPart(&rest), let milliseconds = millisecondsPerUnit[unit] else { return nil }
            guard milliseconds < smallest else { return nil }
            smallest = milliseconds
            let (product, overflow) = number.multipliedReportingOverflow(by: milliseconds)
            guard !overflow, product < 1 << 53 else { return nil }
            total += .milliseconds(product)
        }
        return text.isEmpty ? nil : total
    }

    /// `512`, `64KB`, `32MB`, `2GB` (powers of 1024). Nil when it is anything else.
    public static func bytes(_ text: String) -> Int? {
        var rest = Substring(text)
        guard let (number, unit) = nextPart(&rest), rest.isEmpty, let factor = bytesPerUnit[unit.uppercased()] else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : Int(product)
    }

    public static func describe(bytes: Int) -> String {
        for (unit, factor) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] where bytes >= factor {
            return bytes % factor == 0
                ? "\(bytes / factor)\(unit)" : "\(bytes * 10 / factor / 10).\(bytes * 10 / factor % 10)\(unit)"
        }
        return "\(bytes)"
    }

    /// As `duration` reads it: "1h30m".
    public static func describe(_ duration: Duration) -> String {
        var rest = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        guard rest > 0 else { return "0s" }
        var text = ""
        for (unit, size) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            if rest >= size { text += "\(rest / size)\(unit)" }
            rest %= size
        }
        return text
    }

    private static let millisecondsPerUnit: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    private static let bytesPerUnit: [String: Int64] = [
        "": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "M": 1 << 20, "MB": 1 << 20, "G": 1 << 30, "GB": 1 << 30,
    ]

    /// Digits, then letters.
    private static func nextPart(_ rest: inout Substring) -> (number: Int64, unit: String)? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        rest = rest.dropFirst(digits.count)
        let unit = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest.dropFirst(unit.count)
        return (number, String(unit))
    }
}
