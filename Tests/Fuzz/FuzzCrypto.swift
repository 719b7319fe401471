import Runtime

private let key = Secret("the key that the fuzzer does not know")
private let sealer = try! Sealer(SealingKey(number: 1, Secret([UInt8](repeating: 7, count: 32))))

/// The input as a token, which must be refused, and as header and claims of one that is signed rightly.
func fuzzToken(_ input: UnsafeBufferPointer<UInt8>) {
    let rules = JWT.Rules(issuer: "i", requiresExpiry: false)
    if (try? JWT.verify(String(decoding: input, as: UTF8.self), key: key, rules: rules, now: 1000)) != nil {
        preconditionFailure("a token was accepted that nobody signed")
    }
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let signed = Base64URL.encode(parts[0]) + "." + Base64URL.encode(parts.count > 1 ? Array(parts[1]) : [])
    let code = HMACSHA256.code(for: Array(signed.utf8), key: key)
    do {
        let claims = try JWT.verify(signed + "." + Base64URL.encode(code), key: key, rules: rules, now: 1000)
        promise(claims["iss"].string == "i", "another issuer was accepted")
        promise(try JSON.parse(Array(parts[0]))["alg"].string == "HS256", "another algorithm was accepted")
    } catch {
        expectFault(error)
    }
}

/// Whatever decodes is the one spelling of its bytes, and all bytes come back.
func fuzzEncodings(_ input: UnsafeBufferPointer<UInt8>) {
    let bytes = Array(input)
    let text = String(decoding: bytes, as: UTF8.self)
    if let decoded = Base64.decode(bytes) { promise(Base64.encode(decoded) == text, "two spellings of base64") }
    if let decoded = Base64URL.decode(bytes) { promise(Base64URL.encode(decoded) == text, "two of base64url") }
    if let decoded = Hex.decode(text) { promise(Hex.encode(decoded) == text.lowercased(), "two of hex") }
    promise(Base64.decode(Base64.encode(bytes)) == bytes, "base64 lost something")
    promise(Base64URL.decode(Base64URL.encode(bytes)) == bytes, "base64url lost something")
    promise(Hex.decode(Hex.encode(bytes)) == bytes, "hex lost something")
}

/// Nothing opens but what was sealed.
func fuzzSealed(_ input: UnsafeBufferPointer<UInt8>) {
    let bytes = Array(input)
    do {
        _ = try sealer.open(bytes, for: "fuzz")
        preconditionFailure("something opened that was never sealed")
    } catch {
        expectFault(error)
    }
    do {
        promise(try sealer.open(sealer.seal(bytes, for: "fuzz"), for: "fuzz") == bytes, "something else opened")
    } catch {
        preconditionFailure("what was sealed does not open: \(error)")
    }
}
