import Glibc

/// JSON Web Tokens signed with HS256, and with nothing else: the header's `alg` is checked, never obeyed.
public enum JWT {
    public struct Rules: Sendable {
        /// Must be the token's `iss`, when given.
        public var issuer: String?
        /// Must be the token's `aud` or one of them, when given.
        public var audience: String?
        /// How far two clocks may be apart, in seconds.
        public var leeway: Double
        public var requiresExpiry: Bool
        public var maxBytes: Int

        public init(
            issuer: String? = nil, audience: String? = nil, leeway: Double = 30, requiresExpiry: Bool = true,
            maxBytes: Int = 8192
        ) {
            self.issuer = issuer
            self.audience = audience
            self.leeway = leeway
            self.requiresExpiry = requiresExpiry
            self.maxBytes = maxBytes
        }
    }

    /// `claims` is a JSON object.
    public static func sign(_ claims: [UInt8], key: Secret) throws -> String {
        try check(key)
        guard try JSON.parse(claims).kind == .object else {
            throw Fault(.invalidInput, "the claims of a token are a JSON object")
        }
        let signed = Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)) + "." + Base64URL.encode(claims)
        return signed + "." + Base64URL.encode(HMACSHA256.code(for: Array(signed.utf8), key: key))
    }

    /// The claims of a token that this key signed and that is valid at `now`, in seconds since 1970.
    public static func verify(
        _ token: String, key: Secret, rules: Rules = Rules(), now: Double = secondsSince1970()
    ) throws -> JSONView {
        try check(key)
        let token = Array(token.utf8)
        guard token.count <= rules.maxBytes else { throw refusal("it is longer than \(rules.maxBytes) bytes") }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw refusal("it does not have three parts") }
        try check(header: try object(parts[0], "header"))
        guard let code = Base64URL.decode(parts[2]) else { throw refusal("its signature is not base64url") }
        let signed = Array(token[..<(parts[1].endIndex)])
        guard HMACSHA256.isValid(code, for: signed, key: key) else { throw refusal("its signature does not fit") }
        let claims = try object(parts[1], "claims")
        try check(times: claims, rules, now)
        try check(parties: claims, rules)
        return claims
    }

    public static func secondsSince1970() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func check(_ key: Secret) throws {
        guard !key.isEmpty else { throw Fault(.internal, "a token cannot be signed with an empty key") }
    }

    private static func object(_ part: ArraySlice<UInt8>, _ name: String) throws -> JSONView {
        guard let bytes = Base64URL.decode(part) else { throw refusal("its \(name) is not base64url") }
        let view: JSONView
        do {
            view = try JSON.parse(bytes, limits: JSON.Limits(bytes: bytes.count, depth: 16))
        } catch {
            throw refusal("its \(name) is not JSON")
        }
        guard view.kind == .object else { throw refusal("its \(name) is not an object") }
        return view
    }

    private static func check(header: JSONView) throws {
        guard header["alg"].equals("HS256") else { throw refusal("it is not signed with HS256") }
        guard !header["crit"].exists else { throw refusal("it asks for extensions that are not known here") }
    }

    private static func check(times claims: JSONView, _ rules: Rules, _ now: Double) throws {
        if let expiry = try time("exp", claims) {
            guard now < expiry + rules.leeway else { throw refusal("it has expired") }
        } else if rules.requiresExpiry {
            throw refusal("it never expires")
        }
        for name in ["nbf", "iat"] {
            guard let begin = try time(name, claims) else { continue }
            guard now >= begin - rules.leeway else { throw refusal("it is not valid yet") }
        }
    }

    private static func time(_ name: String, _ claims: JSONView) throws -> Double? {
        guard claims[name].exists else { return nil }
        guard let time = claims[name].number else { throw refusal("its '\(name)' is not a time") }
        return time
    }

    private static func check(parties claims: JSONView, _ rules: Rules) throws {
        if let issuer = rules.issuer, claims["iss"].string != issuer { throw refusal("it comes from another issuer") }
        guard let audience = rules.audience else { return }
        let meant = claims["aud"]
        guard meant.string == audience || meant.elements.contains(where: { $0.string == audience }) else {
            throw refusal("it is meant for somebody else")
        }
    }

    private static func refusal(_ why: String) -> Fault { Fault(.unauthenticated, "the token is refused: \(why)") }
}
