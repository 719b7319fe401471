import Glibc

/// How a line looks: JSON for programs, readable text for a person at a terminal.
struct LogFormat: Sendable {
    enum Style: Sendable {
        case json
        case text(coloured: Bool)
    }

    let style: Style
    let secrets: Redactor
    let limits: Log.Limits

    /// A line without its time, which is what makes two lines identical.
    func body(
        _ level: Log.Level, _ message: String, part: String?, context: LogFields, _ fields: LogFields
    ) -> [UInt8] {
        var line = LineText()
        let message = secrets.cleanBytes(message, limit: limits.message)
        var given: [LogFields.Pair] = part.map { [.init(key: "part", value: .text($0))] } ?? []
        given += context.pairs.filter { fields[$0.key] == nil } + fields.pairs
        switch style {
        case .json:
            line.put("\"level\":")
            line.putJSON(level.rawValue.utf8)
            line.put(",\"message\":")
            line.putJSON(message)
        case .text(let coloured):
            if coloured { line.put(level.colour) }
            line.put(level.shortName)
            if coloured { line.put("\u{1b}[0m") }
            line.put(" ")
            line.putEscaped(message, quoting: false)
        }
        putFields(given, &line)
        return line.bytes
    }

    /// The whole line; `repeated` tells of identical ones that were held back.
    func line(_ body: [UInt8], at time: timespec, repeated: Int = 0) -> [UInt8] {
        var line = LineText(capacity: body.count + 64)
        switch style {
        case .json:
            line.put("{\"time\":\"")
            LogTime.putUniversal(time, &line)
            line.put("\",")
            line.bytes.append(contentsOf: body)
            if repeated > 0 { line.put(plain: ",\"repeated\":\(repeated)") }
            line.put("}\n")
        case .text:
            LogTime.putLocal(time, &line)
            line.put(" ")
            line.bytes.append(contentsOf: body)
            if repeated > 0 { line.put(plain: " (repeated \(repeated) times)") }
            line.put("\n")
        }
        return line.bytes
    }

    /// One level deep, each key once: the first of equal keys stays, and the names of the line's own parts are taken.
    private func putFields(_ pairs: [LogFields.Pair], _ line: inout LineText) {
        var seen = LogFormat.ownKeys
        var left = pairs.count
        for pair in pairs {
            guard seen.count - LogFormat.ownKeys.count < limits.fields else { break }
            guard line.bytes.count < limits.line - limits.value else { break }
            left -= 1
            var key = pair.key
            if seen.contains(key) {
                key += "_"
                if seen.contains(key) { continue }
            }
            seen.append(key)
            let isHidden = SensitiveName.matches(pair.key.utf8) && !pair.value.isFlag
            put(key, isHidden ? .text(Redactor.mark) : pair.value, &line)
        }
        if left > 0 { put("fields_dropped", .integer(Int64(left)), &line) }
    }

    private static let ownKeys = ["time", "level", "message", "repeated"]

    private func put(_ key: String, _ value: LogValue, _ line: inout LineText) {
        let name = secrets.cleanBytes(key, limit: 64)
        let clean = { (text: String) in secrets.cleanBytes(text, limit: limits.value) }
        switch style {
        case .json:
            line.put(",")
            line.putJSON(name)
            line.put(":")
            line.putJSON(value, text: clean)
        case .text(let coloured):
            line.put(coloured ? "  \u{1b}[2m" : "  ")
            line.putEscaped(name, quoting: false)
            line.put(coloured ? "=\u{1b}[0m" : "=")
            if case .text(let text) = value, text.utf8.allSatisfy(LogFormat.isPlain), !text.isEmpty {
                line.bytes.append(contentsOf: clean(text))
            } else {
                line.putJSON(value, text: clean)
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        0x21...0x7e ~= byte && byte != 0x22 && byte != 0x5c && byte != 0x3d
    }
}

extension LogValue {
    var isFlag: Bool { if case .flag = self { true } else { false } }
}

extension Log.Level {
    var shortName: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info "
        case .warning: "warn "
        case .error: "error"
        }
    }

    var colour: StaticString {
        switch self {
        case .debug: "\u{1b}[2m"
        case .info: "\u{1b}[32m"
        case .warning: "\u{1b}[33m"
        case .error: "\u{1b}[31m"
        }
    }
}

/// The time of a line, in the two ways that lines show it.
enum LogTime {
    static var now: timespec {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time
    }

    /// `2026-11-21T11:37:22.123Z`
    static func putUniversal(_ time: timespec, _ line: inout LineText) {
        var parts = tm()
        var seconds = time.tv_sec
        gmtime_r(&seconds, &parts)
        put(Int(parts.tm_year) + 1900, 4, &line)
        line.put("-")
        put(Int(parts.tm_mon) + 1, 2, &line)
        line.put("-")
        put(Int(parts.tm_mday), 2, &line)
        line.put("T")
        putClock(parts, time, &line)
        line.put("Z")
    }

    /// `11:37:22.123` where the reader is.
    static func putLocal(_ time: timespec, _ line: inout LineText) {
        var parts = tm()
        var seconds = time.tv_sec
        localtime_r(&seconds, &parts)
        putClock(parts, time, &line)
    }

    private static func putClock(_ parts: tm, _ time: timespec, _ line: inout LineText) {
        put(Int(parts.tm_hour), 2, &line)
        line.put(":")
        put(Int(parts.tm_min), 2, &line)
        line.put(":")
        put(Int(parts.tm_sec), 2, &line)
        line.put(".")
        put(time.tv_nsec / 1_000_000, 3, &line)
    }

    private static func put(_ number: Int, _ width: Int, _ line: inout LineText) {
        var place = 1
        for _ in 1..<width { place *= 10 }
        while place > 0 {
            line.bytes.append(UInt8(48 + number / place % 10))
            place /= 10
        }
    }
}
