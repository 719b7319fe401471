import CCrypto

/// The proof in the opening handshake that the other side speaks WebSocket.
enum AcceptKey {
    static func answer(to key: String) -> String {
        var digest = [UInt8](repeating: 0, count: 20)
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        let result = EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil)
        precondition(result == 1, "libcrypto has no SHA-1")
        return encode(digest)
    }

    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Whether it is the base64 form of sixteen bytes.
    static func isKey(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes.suffix(2) == [61, 61] else { return false }
        return bytes.prefix(22).allSatisfy {
            switch $0 {
            case 48...57, 65...90, 97...122, 43, 47: true
            default: false
            }
        }
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }
}
