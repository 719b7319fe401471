/// The proof in the opening handshake that the other side speaks WebSocket (RFC 6455 §4.2.2).
enum AcceptKey {
    static func answer(to key: String) -> String {
        Base64.encode(SHA1.hash(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    static func random() -> String { Base64.encode(Random.bytes(16)) }

    /// Whether it is the base64 form of sixteen bytes.
    static func isKey(_ text: String) -> Bool { Base64.decode(text)?.count == 16 }
}
