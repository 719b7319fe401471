import Testing

@testable import Runtime

@Suite("digests, codes, ids and encodings")
struct DigestTests {
    @Test(
        "SHA-256 gives the answers of FIPS 180",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(text: String, expected: String) {
        #expect(Hex.encode(SHA256.hash(text)) == expected)
        var pieces = SHA256()
        for byte in text.utf8 { pieces.update([byte]) }
        #expect(Hex.encode(pieces.finish()) == expected)
    }

    @Test("a million bytes in uneven pieces")
    func pieces() {
        var digest = SHA256()
        for _ in 0..<1000 {
            digest.update([UInt8](repeating: 0x61, count: 999))
            digest.update([0x61])
        }
        #expect(Hex.encode(digest.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("the WebSocket handshake's example gives its accept key")
    func sha1() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        #expect(Base64.encode(SHA1.hash(Array(key.utf8))) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("HMAC-SHA-256 gives the answers of RFC 4231")
    func hmac() {
        let long = [UInt8](repeating: 0xaa, count: 131)
        let cases: [([UInt8], String, String)] = [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                long, "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
        ]
        for (key, message, expected) in cases {
            let code = HMACSHA256.code(for: Array(message.utf8), key: Secret(key))
            #expect(Hex.encode(code) == expected)
            #expect(HMACSHA256.isValid(code, for: Array(message.utf8), key: Secret(key)))
            #expect(!HMACSHA256.isValid(code, for: Array("\(message)!".utf8), key: Secret(key)))
        }
    }

    @Test(
        "base64 gives the answers of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
        #expect(Base64URL.decode(encoded.filter { $0 != "=" }) == Array(text.utf8))
    }

    @Test("all bytes survive each encoding, at every length")
    func roundTrips() {
        var random = SeededGenerator(seed: 4648)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([0xfb, 0xff]) == "-_8" && Base64.encode([0xfb, 0xff]) == "+/8=")
        #expect(Hex.decode("FFa0") == [255, 160])
    }

    @Test("anything but the one right spelling is refused")
    func strict() {
        for text in [
            "Zg", "Zg=", "Zg===", "Z", "====", "=", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm-_", "Zm9é",
            "=Zg=",
        ] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
        for text in ["Zg==", "Zh", "Zm9", "Z", "Zm+/", "Zg.", "Zg ", "é"] {
            #expect(Base64URL.decode(text) == nil, "\(text)")
        }
        for text in ["0", "0g", "0x", " 00", "+1", "é"] { #expect(Hex.decode(text) == nil, "\(text)") }
    }

    @Test("comparison in constant time finds every difference")
    func compare() {
        let bytes = Array("correct horse battery staple".utf8)
        #expect(ConstantTime.equal(bytes, bytes) && ConstantTime.equal("", ""))
        for place in bytes.indices {
            var other = bytes
            other[place] ^= 1
            #expect(!ConstantTime.equal(bytes, other))
        }
        #expect(!ConstantTime.equal("a", "ab") && !ConstantTime.equal("", "a"))
    }

    @Test("ids have their version and variant, and those with time sort by it")
    func ids() {
        let random = UUIDText.random()
        #expect(random.count == 36 && random.utf8.dropFirst(14).first == UInt8(ascii: "4"))
        #expect(Set((0..<1000).map { _ in UUIDText.random() }).count == 1000)
        // The example of RFC 9562, appendix A.6, whose 12 bits of fraction are random (0xcc3 of 0x1000 here).
        let example = UUIDText.timeOrdered(
            milliseconds: 0x017f_22e2_79b0, nanoseconds: 797_700,
            random: [0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f])
        #expect(example == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        let later = (0..<5).map {
            UUIDText.timeOrdered(milliseconds: 5, nanoseconds: $0 * 250, random: Random.bytes(8))
        }
        #expect(later == later.sorted())
        #expect(UUIDText.timeOrdered() > "0190")
        #expect(Random.token().count == 43 && Random.bytes(0).isEmpty)
    }
}
