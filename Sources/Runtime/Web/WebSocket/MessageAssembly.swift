/// A frame's header with some of its payload: what one look at the input gives.
struct FramePiece {
    var opcode: UInt8
    var isFinal = true
    var reserved: UInt8 = 0
    var isMasked: Bool
    /// Of the whole frame's payload.
    var length: UInt64
    var bytes: UnsafeRawBufferPointer
}

enum Opcode {
    static let continuation: UInt8 = 0
    static let text: UInt8 = 1
    static let binary: UInt8 = 2
    static let close: UInt8 = 8
    static let ping: UInt8 = 9
    static let pong: UInt8 = 10
}

/// Puts frames together to messages and enforces what RFC 6455 demands of them. No socket, no clock.
///
/// What it holds is bounded by `messageLimit` and the 125 bytes of a control frame; nothing is reserved for a length
/// that was only announced.
struct MessageAssembly {
    enum Outcome: Equatable {
        case nothing
        case message(WebSocket.Message)
        case ping([UInt8])
        case pong
        case close(CloseNotice)
        case violation(CloseNotice)
    }

    private let expectsMask: Bool
    private let messageLimit: Int
    private let fragmentLimit: Int
    /// Payload bytes still to come of the frame that has begun.
    private var left: UInt64?
    private var control: [UInt8] = []
    /// Of the message that has begun; `continuation` when none has.
    private var kind = Opcode.continuation
    private var content: [UInt8] = []
    private var fragments = 0
    private var text = UTF8Check()

    init(expectsMask: Bool, messageLimit: Int, fragmentLimit: Int) {
        self.expectsMask = expectsMask
        self.messageLimit = messageLimit
        self.fragmentLimit = fragmentLimit
    }

    mutating func take(_ piece: FramePiece) -> Outcome {
        if left == nil {
            if let violation = begin(piece) { return .violation(violation.notice) }
            left = piece.length
        }
        let rest = left! - UInt64(piece.bytes.count)
        if piece.opcode >= 8 {
            control.append(contentsOf: piece.bytes)
        } else {
            if kind == Opcode.text && !text.take(piece.bytes) { return .violation(MessageAssembly.notText) }
            content.append(contentsOf: piece.bytes)
        }
        left = rest == 0 ? nil : rest
        guard rest == 0 else { return .nothing }
        if piece.opcode >= 8 { return endControl(piece.opcode) }
        return piece.isFinal ? endMessage() : .nothing
    }

    private mutating func begin(_ piece: FramePiece) -> CloseNotice.Violation? {
        if piece.reserved != 0 { return .init(.protocolError, "a reserved bit is set") }
        if piece.isMasked != expectsMask {
            return .init(.protocolError, expectsMask ? "a client must mask its frames" : "a server must not mask")
        }
        switch piece.opcode {
        case Opcode.text, Opcode.binary:
            if kind != Opcode.continuation { return .init(.protocolError, "a message began inside another") }
            kind = piece.opcode
        case Opcode.continuation:
            if kind == Opcode.continuation { return .init(.protocolError, "nothing to continue") }
        case Opcode.close, Opcode.ping, Opcode.pong:
            let isWhole = piece.isFinal && piece.length <= 125
            return isWhole ? nil : .init(.protocolError, "a control frame is too long or in fragments")
        default:
            return .init(.protocolError, "opcode \(piece.opcode)")
        }
        if UInt64(content.count) + piece.length > UInt64(messageLimit) {
            return .init(.tooBig, "messages may have \(messageLimit) bytes")
        }
        fragments += 1
        return fragments > fragmentLimit ? .init(.policyViolation, "too many fragments") : nil
    }

    private mutating func endControl(_ opcode: UInt8) -> Outcome {
        let payload = control
        control = []
        switch opcode {
        case Opcode.ping: return .ping(payload)
        case Opcode.pong: return .pong
        default:
            switch CloseNotice.parse(payload) {
            case .success(let notice): return .close(notice)
            case .failure(let violation): return .violation(violation.notice)
            }
        }
    }

    private mutating func endMessage() -> Outcome {
        guard text.isComplete else { return .violation(MessageAssembly.notText) }
        let bytes = content
        let isText = kind == Opcode.text
        content = []
        kind = Opcode.continuation
        fragments = 0
        return .message(isText ? .text(String(decoding: bytes, as: UTF8.self)) : .binary(bytes))
    }

    private static let notText = CloseNotice(.invalidText, "the text is not UTF-8")
}
