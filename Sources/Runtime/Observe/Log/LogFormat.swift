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
            line.put(plain: LogTime.universal(time))
            line.put("\",")
            line.bytes.append(contentsOf: body)
            if repeated > 0 { line.put(plain: ",\"repeated\":\(repeated)") }
            line.put("}\n")
        case .text:
            line.put(plain: LogTime.local(time))
            line.put(" ")
            line.bytes.append(contentsOf: body)
            if repeated > 0 { line.put(plain: " (repeated \(repeated) times)") }
            line.put("\n")
        }
        return line.bytes
    }

    /// One level deep, each key once: the first of equal keys stays, and the names of the line's own parts are taken.
    private func putFields(_ pairs: [LogFields.Pair], _ line: inout LineText) {
        var seen: Set<String> = ["time", "level", "message", "repeated"]
        var left = pairs.count
        for pair in pairs {
            guard seen.count - 4 < limits.fields, line.bytes.count < limits.line - limits.value else { break }
            left -= 1
            var key = String(decoding: secrets.cleanBytes(pair.key, limit: 64), as: UTF8.self)
            if !seen.insert(key).inserted {
                key += "_"
                guard seen.insert(key).inserted else { continue }
            }
            let isHidden = SensitiveName.matches(pair.key.utf8) && !pair.value.isFlag
            put(key, isHidden ? .text(Redactor.mark) : pair.value, &line)
        }
        if left > 0 { put("fields_dropped", .integer(Int64(left)), &line) }
    }

    private func put(_ key: String, _ value: LogValue, _ line: inout LineText) {
        let clean = { (text: String) in secrets.cleanBytes(text, limit: limits.value) }
        switch style {
        case .json:
            line.put(",")
            line.putJSON(key.utf8)
            line.put(":")
            line.putJSON(value, text: clean)
        case .text(let coloured):
            line.put(coloured ? "  \u{1b}[2m" : "  ")
            line.putEscaped(key.utf8, quoting: false)
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
    static func universal(_ time: timespec) -> String {
        var parts = tm()
        var seconds = time.tv_sec
        gmtime_r(&seconds, &parts)
        let day =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
        return "\(day)T\(clock(parts)).\(padded(time.tv_nsec / 1_000_000, 3))Z"
    }

    /// `11:37:22.123` where the reader is.
    static func local(_ time: timespec) -> String {
        var parts = tm()
        var seconds = time.tv_sec
        localtime_r(&seconds, &parts)
        return "\(clock(parts)).\(padded(time.tv_nsec / 1_000_000, 3))"
    }

    private static func clock(_ parts: tm) -> String {
        "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
    }

    private static func padded(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
