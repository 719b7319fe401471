import Testing

@testable import Runtime

@Suite("HS256 tokens")
struct TokenTests {
    private let key = Secret("a secret that two programs share")
    private let now = 1_700_000_000.0

    private func token(_ claims: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#) -> String {
        let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(claims.utf8)
        return signed + "." + Base64URL.encode(HMACSHA256.code(for: Array(signed.utf8), key: key))
    }

    private func refusal(_ token: String, _ rules: JWT.Rules = JWT.Rules(), key other: Secret? = nil) -> String? {
        let fault = #expect(throws: Fault.self) {
            try JWT.verify(token, key: other ?? key, rules: rules, now: now)
        }
        #expect(fault?.kind == .unauthenticated)
        return fault?.message
    }

    @Test("the example of RFC 7515, appendix A.1, verifies with its key and at its time")
    func example() throws {
        let key = try #require(
            Base64URL.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"))
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let rules = JWT.Rules(issuer: "joe")
        let claims = try JWT.verify(token, key: Secret(key), rules: rules, now: 1_300_819_379)
        #expect(claims["http://example.com/is_root"].bool == true)
        #expect(throws: Fault.self) { try JWT.verify(token, key: Secret(key), rules: rules, now: 1_300_819_411) }
    }

    @Test("what is signed here verifies here, and with no other key")
    func roundTrip() throws {
        let signed = try JWT.sign(Array(#"{"sub":"user-7","exp":1700000300}"#.utf8), key: key)
        #expect(try JWT.verify(signed, key: key, now: now)["sub"].string == "user-7")
        #expect(refusal(signed, key: Secret("another"))?.contains("does not fit") == true)
        #expect(throws: Fault.self) { try JWT.sign(Array("[]".utf8), key: key) }
        #expect(throws: Fault.self) { try JWT.sign(Array("{}".utf8), key: Secret("")) }
        #expect(throws: Fault.self) { try JWT.verify(signed, key: Secret(""), now: now) }
    }

    @Test("no byte of a token can be changed")
    func tampering() throws {
        let signed = Array(token(#"{"sub":"user-7","exp":1700000300}"#).utf8)
        for place in signed.indices {
            for byte in [signed[place] ^ 1, UInt8(ascii: "."), UInt8(ascii: "="), UInt8(ascii: "A"), 0x20]
            where byte != signed[place] {
                var changed = signed
                changed[place] = byte
                #expect(throws: Fault.self) {
                    try JWT.verify(String(decoding: changed, as: UTF8.self), key: key, now: now)
                }
            }
        }
        for end in signed.indices {
            #expect(throws: Fault.self) {
                try JWT.verify(String(decoding: signed[..<end], as: UTF8.self), key: key, now: now)
            }
        }
    }

    @Test(
        "no header can talk its way in",
        arguments: [
            #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"hs256"}"#, #"{"alg":"HS512"}"#, #"{"alg":"RS256"}"#,
            #"{"alg":"ES256"}"#, #"{"alg":["HS256"]}"#, #"{"alg":null}"#, #"{"typ":"JWT"}"#, #"{}"#,
            #"{"alg":"HS256","alg":"none"}"#, #"{"alg":"HS256","crit":["exp"]}"#, #"{"alg":"HS256","crit":null}"#,
            #"{"alg":"HS256"#, #"["HS256"]"#, #""HS256""#, "",
        ])
    func headers(header: String) {
        let claims = #"{"sub":"admin","exp":1700000300}"#
        _ = refusal(token(claims, header: header))
        let unsigned = Base64URL.encode(header.utf8) + "." + Base64URL.encode(claims.utf8) + "."
        _ = refusal(unsigned)
    }

    @Test(
        "times are checked with the leeway, and must be times",
        arguments: [
            (#"{"exp":1700000300}"#, nil), (#"{"exp":1699999971}"#, nil), (#"{"exp":1699999970}"#, "expired"),
            (#"{"exp":1699999000}"#, "expired"), (#"{"exp":1700000000.5}"#, nil), (#"{"exp":"1700000300"}"#, "'exp'"),
            (#"{"exp":null}"#, "'exp'"), (#"{}"#, "never expires"), (#"{"exp":-1}"#, "expired"),
            (#"{"exp":1800000000,"nbf":1700000030}"#, nil), (#"{"exp":1800000000,"nbf":1700000031}"#, "not valid yet"),
            (#"{"exp":1800000000,"iat":1700000030}"#, nil), (#"{"exp":1800000000,"iat":1700000100}"#, "not valid yet"),
            (#"{"exp":1800000000,"nbf":true}"#, "'nbf'"), (#"{"exp":1800000000,"exp":1}"#, "expired"),
        ] as [(String, String?)])
    func times(claims: String, expected: String?) throws {
        if let expected {
            #expect(refusal(token(claims))?.contains(expected) == true)
        } else {
            #expect(throws: Never.self) { try JWT.verify(token(claims), key: key, now: now) }
        }
    }

    @Test("issuer and audience are checked when asked for")
    func parties() throws {
        let rules = JWT.Rules(issuer: "open-webui", audience: "perigee", requiresExpiry: false)
        for claims in [
            #"{"iss":"open-webui","aud":"perigee"}"#, #"{"iss":"open-webui","aud":["x","perigee"]}"#,
        ] {
            #expect(throws: Never.self) { try JWT.verify(token(claims), key: key, rules: rules, now: now) }
        }
        for claims in [
            #"{"aud":"perigee"}"#, #"{"iss":"open-webui"}"#, #"{"iss":"open-webui ","aud":"perigee"}"#,
            #"{"iss":["open-webui"],"aud":"perigee"}"#, #"{"iss":"open-webui","aud":["x"]}"#,
            #"{"iss":"open-webui","aud":{"0":"perigee"}}"#, #"{"iss":"open-webui","aud":[["perigee"]]}"#,
        ] {
            _ = refusal(token(claims), rules)
        }
    }

    @Test(
        "what is no token at all is refused",
        arguments: ["", ".", "..", "...", "a.b", "a.b.c.d", "Bearer x.y.z", "é.é.é", "e30.e30.", "e30.e30.e30"])
    func shapes(text: String) { _ = refusal(text) }

    @Test("a token over the size limit is refused before it is looked at")
    func size() {
        let claims = #"{"exp":1700000300,"x":"\#(String(repeating: "x", count: 10_000))"}"#
        #expect(refusal(token(claims))?.contains("longer than 8192 bytes") == true)
        #expect(throws: Never.self) {
            try JWT.verify(token(claims), key: key, rules: JWT.Rules(maxBytes: 20_000), now: now)
        }
    }
}
