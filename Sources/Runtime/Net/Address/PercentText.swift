/// Percent-encoding as addresses need it (RFC 3986 §2 and §6.2).
enum PercentText {
    enum Part { case path, query, userinfo }

    /// One spelling of many: unreserved bytes plain, `%xx` in capitals, and everything that may not stand there encoded.
    static func normal(_ text: String, _ part: Part) throws -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte != 37 {
                append(byte, encoding: !isAllowed(byte, part), to: &result)
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2]) else {
                throw Fault(.invalidInput, "an address has a broken percent sequence", hint: "a percent sign is %25")
            }
            let decoded = high << 4 | low
            append(decoded, encoding: !isUnreserved(decoded), to: &result)
            index += 3
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Encodes all but the unreserved characters: safe as one segment and as a name or value of a query.
    static func encoded(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 { append(byte, encoding: !isUnreserved(byte), to: &result) }
        return String(decoding: result, as: UTF8.self)
    }

    static func decoded(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 37, index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    /// RFC 3986 §5.2.4 for a path that begins with a slash.
    static func withoutDots(_ path: String) -> String {
        guard path.contains("/.") else { return path.hasPrefix("/") ? path : "/" + path }
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(
            path.hasPrefix("/") ? 1 : 0)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }

    private static func append(_ byte: UInt8, encoding: Bool, to result: inout [UInt8]) {
        guard encoding else { return result.append(byte) }
        result.append(37)
        for nibble in [byte >> 4, byte & 15] { result.append(nibble < 10 ? 48 + nibble : 55 + nibble) }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95, 126: true
        default: false
        }
    }

    private static func isAllowed(_ byte: UInt8, _ part: Part) -> Bool {
        if isUnreserved(byte) { return true }
        switch byte {
        case 33, 36, 38...44, 59, 61, 58: return true  // ! $ & ' ( ) * + , ; = :
        case 64, 47: return part != .userinfo
        case 63, 91, 93: return part == .query
        default: return false
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
