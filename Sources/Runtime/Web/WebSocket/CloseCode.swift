/// Why a WebSocket ended (RFC 6455 §7.4).
public struct CloseCode: RawRepresentable, Sendable, Hashable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public init(integerLiteral value: UInt16) { rawValue = value }

    public static let normal: CloseCode = 1000
    /// The server stops, or the page is left.
    public static let goingAway: CloseCode = 1001
    public static let protocolError: CloseCode = 1002
    public static let unsupportedData: CloseCode = 1003
    /// The close frame bore no code. Never sent.
    public static let noStatus: CloseCode = 1005
    /// The stream ended without a close frame. Never sent.
    public static let abnormal: CloseCode = 1006
    public static let invalidText: CloseCode = 1007
    public static let policyViolation: CloseCode = 1008
    public static let tooBig: CloseCode = 1009
    public static let internalError: CloseCode = 1011
    public static let tryAgainLater: CloseCode = 1013

    /// What a close frame may bear: what RFC 6455 and IANA's list give a meaning to, and the ranges for libraries and
    /// applications.
    var isSendable: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// What a close frame says.
struct CloseNotice: Equatable {
    let code: CloseCode
    let reason: String

    init(_ code: CloseCode, _ reason: String = "") {
        self.code = code
        self.reason = reason
    }

    /// At most 125 bytes; a longer reason is cut between characters.
    var payload: [UInt8] {
        guard code.isSendable else { return [] }
        var bytes = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 255)]
        for character in reason {
            guard bytes.count + character.utf8.count <= 125 else { break }
            bytes.append(contentsOf: character.utf8)
        }
        return bytes
    }

    /// Of a received frame.
    static func parse(_ payload: [UInt8]) -> Result<CloseNotice, Violation> {
        if payload.isEmpty { return .success(CloseNotice(.noStatus)) }
        guard payload.count >= 2 else { return .failure(Violation(.protocolError, "half a close code")) }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isSendable else { return .failure(Violation(.protocolError, "close code \(code.rawValue)")) }
        guard let reason = String(validating: payload[2...], as: UTF8.self) else {
            return .failure(Violation(.invalidText, "the close reason is not UTF-8"))
        }
        return .success(CloseNotice(code, reason))
    }

    /// A rule that the peer broke, as the close frame that tells it so.
    struct Violation: Error, Equatable {
        let notice: CloseNotice
        init(_ code: CloseCode, _ reason: String) { notice = CloseNotice(code, reason) }
    }
}
