/// The rules for a head that the parser leaves to its user.
struct HeadCheck {
    private(set) var target = RequestTarget()
    private(set) var requestID: Headers.Field?
    private(set) var expectsContinue = false
    private var hosts = 0
    private var host = HeadSlice()
    private var lengths = 0
    private var codings = 0

    private let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func run(_ method: Method?, _ minorVersion: UInt8, _ whole: HeadSlice, _ fields: [Headers.Field])
        -> Refusal?
    {
        guard let method else { return Refusal(405, "this method is served nowhere") }
        if method == .connect { return Refusal(501, "this server is no proxy") }
        guard let target = RequestTarget(bytes, whole, isConnect: false) else {
            return Refusal(400, "the target of the request line is malformed")
        }
        self.target = target
        guard isRequestLine(whole) else { return Refusal(400, "the request line is malformed") }
        if target.form == .asterisk && method != .options { return Refusal(400, "the target * is for OPTIONS only") }
        for field in fields {
            if let refusal = check(field, minorVersion) { return refusal }
        }
        if lengths > 0 && codings > 0 { return Refusal(400, "both Content-Length and Transfer-Encoding") }
        return checkHost(minorVersion)
    }

    /// One space before the target, one behind it, and nothing behind the version: llhttp is laxer there.
    private func isRequestLine(_ whole: HeadSlice) -> Bool {
        let (start, end) = (Int(whole.start), whole.end)
        return start >= 2 && bytes[start - 1] == 32 && bytes[start - 2] != 32 && end + 9 < bytes.count
            && bytes[end] == 32
            && bytes[end + 1] == 72 && bytes[end + 9] == 13
    }

    private mutating func check(_ field: Headers.Field, _ minorVersion: UInt8) -> Refusal? {
        switch field.nameCount {
        case 4 where isNamed(field, "host"):
            hosts += 1
            host = HeadSlice(Int(field.valueStart), Int(field.valueStart + field.valueCount))
        case 6 where isNamed(field, "expect") && minorVersion == 1:
            guard isValue(field, "100-continue") else { return Refusal(417, "this expectation is not known") }
            expectsContinue = true
        case 12 where isNamed(field, "x-request-id"):
            if requestID == nil, RequestID.isSafe(value(field)) { requestID = field }
        case 14 where isNamed(field, "content-length"):
            return checkLength(field)
        case 17 where isNamed(field, "transfer-encoding"):
            codings += 1
            if minorVersion == 0 { return Refusal(400, "HTTP/1.0 has no Transfer-Encoding") }
            if codings > 1 { return Refusal(400, "more than one Transfer-Encoding") }
            guard isValue(field, "chunked") else { return Refusal(501, "only the transfer coding chunked is known") }
        default:
            break
        }
        return nil
    }

    private mutating func checkLength(_ field: Headers.Field) -> Refusal? {
        lengths += 1
        if lengths > 1 { return Refusal(400, "more than one Content-Length") }
        let digits = value(field)
        guard 1...18 ~= digits.count, digits.allSatisfy({ 48...57 ~= $0 }) else {
            return Refusal(400, "Content-Length is no number")
        }
        return nil
    }

    private func checkHost(_ minorVersion: UInt8) -> Refusal? {
        if hosts > 1 { return Refusal(400, "more than one Host") }
        if hosts == 0 { return minorVersion == 1 ? Refusal(400, "no Host") : nil }
        let value = UnsafeBufferPointer(rebasing: bytes[host.range])
        guard !value.isEmpty, Authority.isValid(value) else { return Refusal(400, "Host is malformed") }
        if target.form == .absolute {
            let named = bytes[target.authority.range]
            let agrees =
                named.count == value.count && zip(named, value).allSatisfy { $0.asciiLowercase == $1.asciiLowercase }
            if !agrees { return Refusal(400, "Host differs from the target of the request line") }
        }
        return nil
    }

    private func value(_ field: Headers.Field) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[Int(field.valueStart)..<Int(field.valueStart + field.valueCount)])
    }

    private func isNamed(_ field: Headers.Field, _ name: StaticString) -> Bool {
        same(Int(field.nameStart), Int(field.nameCount), name)
    }

    private func isValue(_ field: Headers.Field, _ text: StaticString) -> Bool {
        same(Int(field.valueStart), Int(field.valueCount), text)
    }

    private func same(_ start: Int, _ count: Int, _ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where bytes[start + index].asciiLowercase != text.utf8Start[index] { return false }
        return true
    }
}
