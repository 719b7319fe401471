import LuaBridge

/// The JSON Web Tokens of `host.crypto`, by the world's clock.
extension HostModule {
    static func tokens(_ clock: any WorldClock) -> [HostFunction] { [sign(clock), verify(clock)] }

    private static let signOptions = Record(
        "host.crypto.SignOptions", "How a token is signed.",
        [
            .required("secret", .text(), "The shared key, not empty."),
            .optional("lifetime", .duration, "Sets `iat` to now and `exp` this much later; without it the claims say."),
        ])

    private static func sign(_ clock: any WorldClock) -> HostFunction {
        HostFunction(
            "jwt_sign", "Signs claims as a JSON Web Token, with HS256.",
            [
                .required("claims", .map(.any), "What the token says, such as `{ sub = \"ada\" }`."),
                .required("options", .record(signOptions), "Key and lifetime."),
            ], results: [.required("token", .text(), "The token.")], canFail: true,
            example: "crypto.jwt_sign({ sub = user }, { secret = key, lifetime = \"5m\" })"
        ) { call in
            let options = call.options("options")
            let key = try key(options, "jwt_sign")
            var claims: [LuaKey: LuaValue] = [:]
            for (name, value) in HostOptions(call["claims"]).pairs { claims[.string(name)] = value }
            if let lifetime = options.duration("lifetime") {
                let now = Int64(clock.now)
                claims["iat"] = .integer(now)
                claims["exp"] = .integer(now + lifetime.components.seconds)
            }
            var parcel = Parcel()
            parcel.put(.table(claims))
            return .string(try JWT.sign(try JSON.text(of: parcel), key: key))
        }
    }

    private static let verifyOptions = Record(
        "host.crypto.VerifyOptions", "What a token must be to be believed.",
        [
            .required("secret", .text(), "The shared key, not empty."),
            .optional("issuer", .text(), "Must be its `iss`."),
            .optional("audience", .text(), "Must be its `aud`, or one of them."),
            .optional("leeway", .duration, "How far two clocks may be apart; 30 seconds unless given."),
            .optional("requires_expiry", .boolean, "Refuses a token without `exp`; true unless given."),
        ])

    private static func verify(_ clock: any WorldClock) -> HostFunction {
        HostFunction(
            "jwt_verify", "The claims of a token that the key signed with HS256 and that is valid now.",
            [
                .required("token", .text(), "The token."),
                .required("options", .record(verifyOptions), "The key, and whom it must come from."),
            ], results: [.required("claims", .map(.any), "What it says.")], canFail: true,
            example: "local claims, err = crypto.jwt_verify(token, { secret = key, issuer = \"webui\" })"
        ) { call in
            let options = call.options("options")
            let rules = JWT.Rules(
                issuer: options.text("issuer"), audience: options.text("audience"),
                leeway: options.duration("leeway")?.inSeconds ?? 30,
                requiresExpiry: options.bool("requires_expiry") ?? true)
            let claims = try JWT.verify(
                call.text("token"), key: try key(options, "jwt_verify"), rules: rules, now: clock.now)
            return LuaValue(claims)
        }
    }

    private static func key(_ options: HostOptions, _ function: String) throws -> Secret {
        let bytes = options.bytes("secret")!
        guard !bytes.isEmpty else {
            throw ScriptMistake(
                "bad argument #2 'options' to 'host.crypto.\(function)': field 'secret' must not be empty")
        }
        return Secret(bytes)
    }
}

extension LuaValue {
    /// What stands at a place in parsed JSON.
    init(_ view: JSONView) {
        guard view.exists else {
            self = .nil
            return
        }
        self = view.bytes[view.offset...].withUnsafeBytes { bytes in
            var reader = LuaBridge.ParcelReader(bytes: bytes)
            return reader.value()
        }
    }
}
