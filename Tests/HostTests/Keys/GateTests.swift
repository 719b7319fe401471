import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("who asks")
@Loop
struct GateTests {
    private static let names = [
        "X-OpenWebUI-User-Id", "X-Open-WebUI-User-Id", "X-OpenWebUI-User", "X-Open-WebUI-User", "X-Forwarded-User",
    ]

    /// The headers from one on, so that the first has to win.
    private static func headers(from first: Int) -> [String] {
        names.indices.dropFirst(first).reversed().map { "\(names[$0]): user-\($0)" }
    }

    @Test("headers name the user in their order, then the body, for a key that may speak for users", arguments: 0...5)
    func order(first: Int) async throws {
        let bed = try await GateBed.open()
        let speaker = try await bed.keys.token(["chat", "speak-for"], user: "open-webui")
        let headers = Self.headers(from: first) + ["Authorization: Bearer \(speaker)", GateBed.stranger]
        let answer = try await bed.get("/who/openai?user=%20body-user%20", headers)
        let expected = first < 5 ? ("user-\(first)", "header") : ("body-user", "body")
        #expect(try answer.json["user"]?.string == expected.0 && answer.json["source"]?.string == expected.1)
        #expect(try answer.json["key"]?.string?.hasPrefix("key_") == true && answer.json["trusted"] == false)
        await bed.close()
    }

    @Test("whoever may not speak for users is who the key says, whatever the names say", arguments: 0...5)
    func spoofed(first: Int) async throws {
        let bed = try await GateBed.open()
        let own = try await bed.keys.token(["chat"], user: "ann")
        let answer = try await bed.get(
            "/who/openai?user=victim", Self.headers(from: first) + ["Authorization: Bearer \(own)", GateBed.stranger])
        #expect(try answer.json["user"] == "ann" && answer.json["source"] == "key")
        await bed.close()
    }

    @Test("a speaking key without a name is its own user")
    func unnamed() async throws {
        let bed = try await GateBed.open()
        let speaker = try await bed.keys.token(["chat", "speak-for"], user: "open-webui")
        for headers in [[], ["X-OpenWebUI-User-Id: "]] {
            let answer = try await bed.get("/who/openai?user=%20", ["x-api-key: \(speaker)"] + headers)
            #expect(try answer.json["user"] == "open-webui" && answer.json["source"] == "key")
        }
        await bed.close()
    }

    @Test("a header that comes twice names neither of the two users")
    func twice() async throws {
        let bed = try await GateBed.open()
        let speaker = try await bed.keys.token(["chat", "speak-for"])
        let answer = try await bed.get(
            "/who/openai",
            ["X-OpenWebUI-User-Id: one", "X-OpenWebUI-User-Id: two", "Authorization: Bearer \(speaker)"])
        #expect(try answer.json["user"] == "one, two")
        await bed.close()
    }

    @Test("before a first key this machine is its owner; with it, a key is needed")
    func firstKey() async throws {
        let bed = try await GateBed.open()
        let owner = try await bed.get("/who/openai").json
        #expect(owner["user"] == "anonymous" && owner["trusted"] == true)
        #expect(try await bed.get("/who/openai", ["X-OpenWebUI-User-Id: bob"]).json["user"] == "bob")
        #expect(try await bed.get("/who/openai", [GateBed.stranger]).status == 401)
        #expect(try await bed.get("/need/admin").status == 200)
        #expect(try await bed.get("/need/admin", [GateBed.stranger]).status == 403)
        _ = try await bed.keys.token()
        #expect(try await bed.get("/who/openai").status == 401)
        #expect(try await bed.get("/who/openai", ["X-OpenWebUI-User-Id: bob"]).status == 401)
        let closed = try await bed.get("/need/manage")
        #expect(closed.status == 401 && closed.head.contains("WWW-Authenticate: Bearer"))
        #expect(try closed.json["detail"]?.string?.contains("`manage`") == true)
        #expect(try await bed.ask("/need/admin") == 200, "the socket stays its owner's")
        #expect(try await bed.ask("/who/openai") == 200)
        #expect(try await bed.ask("/need/admin", ["X-Forwarded-For": "203.0.113.7"]) == 401)
        await bed.close()
    }

    @Test("a bad key is refused before anything else, however trusted the rest is")
    func badKeys() async throws {
        var rules = GateRules()
        rules.allowsAnonymous = true
        rules.jwtSecret = Secret("a shared secret of some length")
        let bed = try await GateBed.open(rules)
        let expired = try await bed.keys.token(expires: "1s")
        let revoked = try await bed.keys.keys.issue(KeyOrder())
        _ = try await bed.keys.keys.revoke(revoked.key.id)
        bed.keys.moment += 1000
        let token = try JWT.sign(Self.claims(), key: rules.jwtSecret!)
        for (key, words) in [
            ("pk_nonsense", "not known"), (expired, "expired"), (revoked.token.reveal(), "revoked"),
        ] {
            for header in ["Authorization: Bearer \(key)", "authorization: bEaReR   \(key) ", "X-Api-Key: \(key)"] {
                let answer = try await bed.get("/who/openai", [header, "X-OpenWebUI-User-Jwt: \(token)"])
                #expect(answer.status == 401 && answer.body.contains(words) && !answer.body.contains(key))
                #expect(try await bed.get("/need/manage", [header]).status == 401)
            }
        }
        #expect(try !bed.logged().contains("pk_nonsense"))
        await bed.close()
    }

    @Test("each scope opens its own doors, and a refusal names the one that lacks", arguments: KeyScope.allCases)
    func scopes(scope: KeyScope) async throws {
        let bed = try await GateBed.open()
        let key = "Authorization: Bearer \(try await bed.keys.token([scope.rawValue]))"
        for needed in KeyScope.allCases {
            let answer = try await bed.get("/need/\(needed.rawValue)", [key])
            let isOpen = scope == needed || scope == .admin
            #expect(answer.status == (isOpen ? 200 : 403), "\(scope) at \(needed)")
            #expect(isOpen || answer.body.contains("lacks the scope `\(needed.rawValue)`"))
        }
        let chat = try await bed.get("/who/openai", [key])
        #expect(chat.status == (scope == .chat || scope == .admin ? 200 : 403))
        await bed.close()
    }

    @Test("a proxy's own basic credentials are no key")
    func basic() async throws {
        let bed = try await GateBed.open()
        let key = try await bed.keys.token(user: "ann")
        #expect(try await bed.get("/who/openai", ["Authorization: Basic dTpw"]).status == 401)
        let both = try await bed.get("/who/openai", ["Authorization: Basic dTpw", "X-Api-Key: \(key)"])
        #expect(try both.json["user"] == "ann")
        await bed.close()
    }

    // MARK: signed tokens

    nonisolated static func claims(
        sub: String? = "u-1", iss: String? = "open-webui", exp: Double? = 300, extra: String = ""
    ) -> [UInt8] {
        let now = JWT.secondsSince1970()
        var parts = [#""name":"B\u00f3b","role":"user""#]
        if let sub { parts.append(#""sub":"\#(sub)""#) }
        if let iss { parts.append(#""iss":"\#(iss)""#) }
        if let exp { parts.append(#""exp":\#(Int(now + exp))"#) }
        return Array("{\(parts.joined(separator: ","))\(extra)}".utf8)
    }

    @Test("a signed token names the user, and nothing else does")
    func signed() async throws {
        var rules = GateRules()
        rules.jwtSecret = Secret("a shared secret of some length")
        let bed = try await GateBed.open(rules)
        let speaker = "Authorization: Bearer \(try await bed.keys.token(["chat", "speak-for"], user: "open-webui"))"
        let token = "X-OpenWebUI-User-Jwt: \(try JWT.sign(Self.claims(), key: rules.jwtSecret!))"
        let spoof = "X-OpenWebUI-User-Id: victim"
        let named = try await bed.get("/who/openai?user=victim", [speaker, token, spoof]).json
        #expect(named["user"] == "u-1" && named["source"] == "jwt" && named["name"] == "Bób" && named["role"] == "user")
        #expect(try await bed.get("/who/openai", [token]).json["user"] == "u-1", "it proves itself")
        // As the key's own user all whom it speaks for would be one.
        let without = try await bed.get("/who/openai", [speaker, spoof])
        #expect(without.status == 403 && without.body.contains("without a signature"), "\(without.body)")
        let nobody = try await bed.get("/who/openai?user=victim", [speaker]).json
        #expect(nobody["user"] == "open-webui" && nobody["source"] == "key")
        let own = "Authorization: Bearer \(try await bed.keys.token(["chat"], user: "ann"))"
        #expect(try await bed.get("/who/openai", [own, spoof]).json["user"] == "ann")
        #expect(try await bed.get("/who/openai", [speaker, token, token]).status == 401, "two are none")
        await bed.close()
    }

    @Test("a signed token that nobody here can check makes no user of a key that speaks for many")
    func unread() async throws {
        let bed = try await GateBed.open()
        let token = "X-OpenWebUI-User-Jwt: \(try JWT.sign(Self.claims(), key: Secret("a secret of Open WebUI alone")))"
        let speaker = "Authorization: Bearer \(try await bed.keys.token(["chat", "speak-for"], user: "open-webui"))"
        let refused = try await bed.get("/who/openai", [speaker, token])
        #expect(refused.status == 403 && refused.body.contains("no secret to check it"), "\(refused.body)")
        let named = try await bed.get("/who/openai", [speaker, token, "X-OpenWebUI-User-Id: ben"]).json
        #expect(named["user"] == "ben" && named["source"] == "header")
        let own = "Authorization: Bearer \(try await bed.keys.token(["chat"], user: "ann"))"
        #expect(try await bed.get("/who/openai", [own, token]).json["user"] == "ann")
        await bed.close()
    }

    nonisolated static let secret = Secret("a shared secret of some length")

    nonisolated static func forged(_ header: String, _ claims: [UInt8], _ key: Secret?) -> String {
        let signed = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(claims))"
        let code = key.map { HMACSHA256.code(for: Array(signed.utf8), key: $0) } ?? []
        return "\(signed).\(Base64URL.encode(code))"
    }

    nonisolated static let badTokens: [(String, String)] = [
        ((try? JWT.sign(claims(exp: -60), key: secret)) ?? "", "expired"),
        ((try? JWT.sign(claims(exp: nil), key: secret)) ?? "", "never expires"),
        ((try? JWT.sign(claims(iss: "elsewhere"), key: secret)) ?? "", "another issuer"),
        ((try? JWT.sign(claims(iss: nil), key: secret)) ?? "", "another issuer"),
        ((try? JWT.sign(claims(sub: nil), key: secret)) ?? "", "names nobody"),
        ((try? JWT.sign(claims(sub: nil, extra: #","sub":7"#), key: secret)) ?? "", "names nobody"),
        ((try? JWT.sign(claims(extra: #","nbf":99999999999"#), key: secret)) ?? "", "not valid yet"),
        ((try? JWT.sign(claims(), key: Secret("another secret"))) ?? "", "signature does not fit"),
        (forged(#"{"alg":"none"}"#, claims(), nil), "not signed with HS256"),
        (forged(#"{"alg":"none"}"#, claims(), secret), "not signed with HS256"),
        (forged(#"{"alg":"RS256"}"#, claims(), secret), "not signed with HS256"),
        (forged(#"{"alg":"HS512"}"#, claims(), secret), "not signed with HS256"),
        (forged(#"{"alg":"HS256","crit":["x"]}"#, claims(), secret), "extensions"),
        ("one.two", "three parts"), ("a b c", "three parts"), ("..", "header is not JSON"),
    ]

    @Test("a token that is not good in every way is refused with the reason", arguments: badTokens)
    func bad(token: String, words: String) async throws {
        var rules = GateRules()
        rules.jwtSecret = Self.secret
        rules.allowsAnonymous = true
        let bed = try await GateBed.open(rules)
        let speaker = "Authorization: Bearer \(try await bed.keys.token(["chat", "speak-for"]))"
        for headers in [[], [speaker], ["X-OpenWebUI-User-Id: victim", speaker]] {
            let answer = try await bed.get("/who/openai", ["X-OpenWebUI-User-Jwt: \(token)"] + headers)
            #expect(answer.status == 401 && answer.body.contains(words), "\(answer.body)")
        }
        await bed.close()
    }

    @Test("without a secret a token is a header that nobody believes")
    func unexpected() async throws {
        let bed = try await GateBed.open()
        let token = try JWT.sign(Self.claims(), key: Self.secret)
        _ = try await bed.keys.token()
        #expect(try await bed.get("/who/openai", ["X-OpenWebUI-User-Jwt: \(token)"]).status == 401)
        await bed.close()
    }

    // MARK: without keys

    @Test("where nobody needs a key, a bearer token is a user of its own, and no token is one for all")
    func anonymous() async throws {
        var rules = GateRules()
        rules.allowsAnonymous = true
        let bed = try await GateBed.open(rules)
        _ = try await bed.keys.token()
        func who(_ headers: [String]) async throws -> String {
            try await bed.get("/who/openai?user=victim", headers + [GateBed.stranger]).json["user"]?.string ?? ""
        }
        let (one, same) = (
            try await who(["Authorization: Bearer sk-one"]), try await who(["Authorization: bearer sk-one"])
        )
        let other = try await who(["Authorization: Bearer sk-two", "X-OpenWebUI-User-Id: victim"])
        #expect(one == same && one != other && one.hasPrefix("token:") && !one.contains("sk-one"))
        #expect(one != "token:" + Workspace.id(of: "sk-one"), "the name is no plain hash of the token")
        #expect(try await who([]) == "anonymous")
        #expect(try await who(["X-OpenWebUI-User-Id: victim"]) == "anonymous", "names are not believed")
        #expect(try await bed.get("/need/manage", ["Authorization: Bearer sk-one"]).status == 401)
        await bed.close()
    }

    // MARK: what hooks see, and what they decide

    @Test("a hook's refusal is told with its advice: 401 to strangers, 403 to those who showed a key")
    func refusal() async throws {
        let bed = try await GateBed.open(
            script: #"return { identify = function(r) return { refuse = "not on sundays", hint = "come back" } end }"#)
        let key = try await bed.keys.token()
        let known = try await bed.get("/who/openai", ["Authorization: Bearer \(key)"])
        #expect(
            try known.status == 403 && known.json["detail"] == "not on sundays" && known.json["hint"] == "come back")
        #expect(try await bed.get("/who/openai").status == 401)
        await bed.close()
    }

    @Test("a hook that fails lets nobody in")
    func failing() async throws {
        let bed = try await GateBed.open(script: #"return { identify = function(r) error("oh") end }"#)
        #expect(try await bed.get("/who/openai").status == 500)
        await bed.close()
    }

    @Test("hooks see every header but keys, tokens and cookies")
    func visible() async throws {
        let bed = try await GateBed.open(
            script: """
                return { identify = function(r)
                  local names = {}
                  for name in pairs(r.headers) do names[#names + 1] = name end
                  table.sort(names)
                  return { user = table.concat(names, " "), source = "header", name = r.key and r.key.user or "none",
                    role = r.door }
                end }
                """)
        let key = try await bed.keys.token(user: "ann")
        let answer = try await bed.get(
            "/who/tasks",
            [
                "Authorization: Bearer \(key)", "Cookie: a=b", "X-Api-Key: \(key)", "X-OpenWebUI-User-Jwt: t",
                "X-OpenPersona-OpenAI-Api-Key: sk-secret", "Proxy-Authorization: Basic dTpw", "X-Plain: yes",
                "X-OpenWebUI-Chat-Id: c",
            ]
        ).json
        #expect(answer["user"] == "connection host x-openwebui-chat-id x-plain")
        #expect(answer["name"] == "ann" && answer["role"] == "tasks")
        await bed.close()
    }

    @Test("a client that calls its headers otherwise is understood, and only by those names")
    func renamed() {
        var rules = GateRules()
        rules.renamed = ["x-corp-user": "x-openwebui-user-id"]
        let seen = rules.visible(["X-Corp-User": "ann", "X-OpenWebUI-User-Id": "victim", "X-Other": "1"])
        #expect(seen == ["x-openwebui-user-id": "ann", "x-other": "1"])
    }

    // MARK: the log

    @Test("the routing log tells source and workspace, and masks names and keys")
    func routing() async throws {
        var rules = GateRules()
        rules.logsRouting = true
        let bed = try await GateBed.open(rules)
        let key = try await bed.keys.token(["chat", "speak-for"])
        _ = try await bed.get(
            "/who/openai", ["Authorization: Bearer \(key)", "X-OpenWebUI-User-Id: 57499aff-24a4-4b0e"])
        let line = try bed.logged().split(separator: "\n").first { $0.contains("workspace routing") } ?? ""
        #expect(line.contains(#""source":"header""#) && line.contains(#""workspace":"7031b58dafe49a55""#))
        #expect(line.contains(#""user":"57499a…4b0e""#) && line.contains(#""path":"/who/openai""#))
        #expect(!line.contains(key) && !line.contains("57499aff-24a4-4b0e") && line.contains("\(key.prefix(6))…"))
        await bed.close()
    }

    @Test(
        "masks are stars for what is short, else its ends",
        arguments: [
            ("", ""), ("abc", "***"), ("0123456789", "**********"), ("0123456789a", "012345…789a"),
        ])
    func masks(text: String, shown: String) { #expect(Mask.text(text) == shown) }
}
