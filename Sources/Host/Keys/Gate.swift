import Glibc
import Runtime

/// Decides who is let in: proofs are checked here, once and before anything else; what follows from good ones is the
/// `identify` hook's to say.
@Loop
final class Gate {
    private let keys: Keys?
    private let rules: GateRules
    private let log: Log?
    /// Told of everybody who was let in as a user.
    var onCaller: ((Caller) -> Void)?

    /// Without keys it stands where none has been made yet.
    init(keys: Keys? = nil, rules: GateRules = GateRules(), log: Log? = nil) {
        self.keys = keys
        self.rules = rules
        self.log = log
    }

    /// Whether this peer is served as admin without a key. The socket stays its owner's: who can open it could read the
    /// database as well. An address is believed only until there is a key.
    func trusts(_ request: Request) -> Bool {
        PeerTrust.refusal(request) == nil
            && (request.peer == .unix || keys?.isAnyMade != true && rules.sharedSecret == nil)
    }

    // MARK: managing

    /// For `/mgmt`: a key with this scope, or a trusted peer without one. A key that is shown has to be good.
    @discardableResult
    func require(_ scope: KeyScope, _ request: Request) throws -> APIKey? {
        if let text = Presented.text(request.headers) {
            let key = try verified(text)
            try check(scope, key, request)
            return key
        }
        if trusts(request) { return nil }
        let subject = "\(request.method.rawValue) \(request.path)"
        if keys?.isAnyMade == true {
            throw Fault(
                .unauthenticated, "\(subject): a key with the scope `\(scope.rawValue)` is needed",
                hint: "send it as Authorization: Bearer …; `perigee key create --scopes \(scope.rawValue)` makes one")
        }
        throw Fault(
            .denied, "\(subject): \(PeerTrust.refusal(request) ?? "it is refused")",
            hint: "ask from this machine itself, over the Unix socket that PERIGEE_SOCKET names, "
                + "or with a key that `perigee key create` makes")
    }

    /// Whether `require` would let it in.
    func admits(_ scope: KeyScope, _ request: Request) -> Bool {
        do {
            try require(scope, request)
            return true
        } catch {
            return false
        }
    }

    // MARK: asking

    /// Who asks at a door for users. `bodyUser` is what the body calls its user, if the protocol has such a field;
    /// `shown` is a key that came in the protocol's own way.
    func caller(
        _ request: Request, door: String, bodyUser: String? = nil, shown: String? = nil, generation: Generation
    ) async throws -> Caller {
        let isTrusted = trusts(request)
        let presented = try presented(request, isTrusted: isTrusted, shown)
        if case .key(let key) = presented { try check(.chat, key, request) }
        let claims = claims(request)
        let facts = facts(request, door, bodyUser, presented.key, claims, isTrusted: isTrusted)
        let decision = try await generation.decide("identify", facts: facts)
        if let why = decision["refuse"]?.string {
            let isKnown = presented != .nothing || claims.isGood
            throw Fault(
                isKnown && !claims.isBad ? .denied : .unauthenticated, why,
                hint: decision["hint"]?.string ?? "ask the server's owner")
        }
        guard let user = decision["user"]?.string, let source = decision["source"]?.string.flatMap(IdentitySource.init)
        else { throw Fault(.internal, "the hook identify named nobody") }
        let caller = Caller(
            user: user, source: source, name: decision["name"]?.string, email: decision["email"]?.string,
            role: decision["role"]?.string, key: presented.key, isTrusted: isTrusted, decision: decision)
        if rules.logsRouting { noteRoute(of: caller, request) }
        onCaller?(caller)
        return caller
    }

    /// Whether somebody at a door for users may do more than a user: by the key, or as a trusted peer without one.
    func allows(_ scope: KeyScope, _ request: Request, shown: String? = nil) throws -> Bool {
        let isTrusted = trusts(request)
        return switch try presented(request, isTrusted: isTrusted, shown) {
        case .nothing: isTrusted
        case .key(let key): key.allows(scope)
        case .token: false
        }
    }

    /// The key that a request shows, whatever it may do; nil for none.
    func key(of request: Request) throws -> Caller.Key? { try presented(request, isTrusted: trusts(request)).key }

    /// Refuses a bad key before anything else of a request is read.
    func present(_ request: Request) throws { _ = try presented(request, isTrusted: trusts(request)) }

    /// What hooks may see of a request's headers.
    func visible(_ headers: Headers) -> JSONObject { rules.visible(headers) }

    private func presented(_ request: Request, isTrusted: Bool, _ shown: String? = nil) throws -> Presented {
        guard let text = Presented.text(request.headers) ?? shown else { return .nothing }
        if let key = shared(text) { return .key(key) }
        // What looks like one of ours is one, or is refused: a slip must not make a user of its own.
        if isTrusted || rules.allowsAnonymous, !text.hasPrefix(KeyToken.mark) {
            let code = HMACSHA256.code(for: Array(text.utf8), key: rules.tokenHash)
            return .token(user: "token:" + Hex.encode(code.prefix(16)))
        }
        return .key(try verified(text))
    }

    /// The secret that a sidecar and its backend share, as if it were a key.
    private func shared(_ text: String) -> APIKey? {
        guard let (secret, user) = rules.sharedSecret,
            ConstantTime.equal(SHA256.hash(text), secret.withBytes { SHA256.hash(Array($0)) })
        else { return nil }
        return APIKey(id: "shared-secret", name: "OPENCODE_SHARED_SECRET", user: user, scopes: [.chat], createdAt: 0)
    }

    private func verified(_ text: String) throws -> APIKey {
        if let key = shared(text) { return key }
        guard let keys else {
            throw Fault(
                .unauthenticated, "this API key is not known here", hint: "`perigee key create` makes one")
        }
        return try keys.verify(text)
    }

    private func check(_ scope: KeyScope, _ key: APIKey, _ request: Request) throws {
        guard key.allows(scope) else {
            throw Fault(
                .denied,
                "\(request.method.rawValue) \(request.path): the key \(key.id) lacks the scope `\(scope.rawValue)`",
                hint: "make one with `perigee key create --scopes \(scope.rawValue)`")
        }
    }

    // MARK: facts

    private enum Claims {
        case none
        case good(JSONValue)
        case bad(String)

        var isGood: Bool { if case .good = self { true } else { false } }
        var isBad: Bool { if case .bad = self { true } else { false } }
    }

    /// What the signed user token says, if one is expected and there.
    private func claims(_ request: Request) -> Claims {
        guard let secret = rules.jwtSecret else { return .none }
        let tokens = request.headers.all(rules.jwtHeader)
        guard let token = tokens.first, !token.isEmpty else { return .none }
        guard tokens.count == 1 else { return .bad("there are \(tokens.count) of them") }
        do {
            let view = try JWT.verify(token, key: secret, rules: JWT.Rules(issuer: rules.jwtIssuer))
            var claims: JSONObject = [:]
            for name in ["sub", "name", "email", "role", "iss"] {
                if let value = view[name].string { claims[name] = .string(value) }
            }
            guard claims["sub"] != nil else { return .bad("it names nobody") }
            return .good(.object(claims))
        } catch {
            return .bad(Fault(error).message.replacing("the token is refused: ", with: ""))
        }
    }

    private func facts(
        _ request: Request, _ door: String, _ bodyUser: String?, _ key: Caller.Key?, _ claims: Claims, isTrusted: Bool
    ) -> JSONValue {
        var facts: JSONObject = [
            "door": .string(door), "method": .string(request.method.rawValue), "path": .string(request.path),
            "headers": .object(rules.visible(request.headers)), "wants_jwt": .bool(rules.jwtSecret != nil),
            "allows_anonymous": .bool(rules.allowsAnonymous),
            "peer": [
                "address": .string(request.clientAddress), "loopback": .bool(request.peer.isLoopback),
                "trusted": .bool(isTrusted),
            ],
        ]
        if let bodyUser { facts["body_user"] = .string(bodyUser) }
        if let key { facts["key"] = key.facts }
        switch claims {
        case .none: break
        case .good(let claims): facts["claims"] = claims
        case .bad(let why): facts["claims_error"] = .string(why)
        }
        if rules.jwtSecret == nil, request.headers.all(rules.jwtHeader).contains(where: { !$0.isEmpty }) {
            facts["unread_token"] = true
        }
        return .object(facts)
    }

    private func noteRoute(of caller: Caller, _ request: Request) {
        var fields: LogFields = [
            "source": LogValue(caller.source.rawValue), "workspace": LogValue(Workspace.id(of: caller.user)),
            "method": LogValue(request.method.rawValue), "path": LogValue(request.path),
            "user": LogValue(Mask.text(caller.user)),
        ]
        if let text = Presented.text(request.headers) { fields["auth"] = LogValue(Mask.text(text)) }
        log?.info("workspace routing", fields)
    }
}
