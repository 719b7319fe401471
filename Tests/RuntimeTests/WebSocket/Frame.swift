/// A frame as a test states it; the coding is written from RFC 6455 §5.2, not taken from the code under test.
struct Frame: Equatable, CustomStringConvertible {
    var opcode: UInt8
    var payload: [UInt8] = []
    var isFinal = true
    var reserved: UInt8 = 0

    static func text(_ text: String, isFinal: Bool = true) -> Frame {
        Frame(opcode: 1, payload: Array(text.utf8), isFinal: isFinal)
    }
    static func binary(_ payload: [UInt8], isFinal: Bool = true) -> Frame {
        Frame(opcode: 2, payload: payload, isFinal: isFinal)
    }
    static func more(_ text: String, isFinal: Bool = false) -> Frame {
        Frame(opcode: 0, payload: Array(text.utf8), isFinal: isFinal)
    }
    static func ping(_ text: String = "") -> Frame { Frame(opcode: 9, payload: Array(text.utf8)) }
    static func pong(_ text: String = "") -> Frame { Frame(opcode: 10, payload: Array(text.utf8)) }
    static func close(_ code: UInt16? = nil, _ reason: String = "") -> Frame {
        Frame(opcode: 8, payload: (code.map { [UInt8($0 >> 8), UInt8($0 & 255)] } ?? []) + Array(reason.utf8))
    }

    var description: String {
        "(\(opcode)\(isFinal ? "" : "+")\(reserved == 0 ? "" : " rsv\(reserved)") "
            + "\(String(decoding: payload.prefix(60), as: UTF8.self)) [\(payload.count)])"
    }

    /// `lengthForm` forces 126 or 127 where a shorter one would do.
    func bytes(mask: [UInt8]? = nil, lengthForm: UInt8? = nil) -> [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let form = lengthForm ?? (payload.count < 126 ? UInt8(payload.count) : payload.count < 65536 ? 126 : 127)
        bytes.append((mask == nil ? 0 : 0x80) | form)
        let extra = form == 126 ? 2 : form == 127 ? 8 : 0
        for place in (0..<extra).reversed() { bytes.append(UInt8(truncatingIfNeeded: payload.count >> (8 * place))) }
        guard let mask else { return bytes + payload }
        return bytes + mask + payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }
    }

    static func parse(_ bytes: [UInt8], areMasked: Bool) -> [Frame]? {
        var frames: [Frame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= 2 else { return nil }
            let (first, second) = (rest.removeFirst(), rest.removeFirst())
            guard (second & 0x80 != 0) == areMasked else { return nil }
            var length = Int(second & 0x7f)
            if length >= 126 {
                let extra = length == 126 ? 2 : 8
                guard rest.count >= extra else { return nil }
                length = rest.prefix(extra).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(extra)
            }
            let mask = areMasked ? Array(rest.prefix(4)) : [0, 0, 0, 0]
            if areMasked { rest = rest.dropFirst(4) }
            guard rest.count >= length, mask.count == 4 else { return nil }
            let payload = rest.prefix(length).enumerated().map { $0.element ^ mask[$0.offset % 4] }
            rest = rest.dropFirst(length)
            frames.append(
                Frame(opcode: first & 15, payload: payload, isFinal: first & 0x80 != 0, reserved: first >> 4 & 7))
        }
        return frames
    }
}
