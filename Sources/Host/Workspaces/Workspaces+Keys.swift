import Runtime

/// Keys of a workspace in the store: sealed, by name, each bound to its place so that none can be put in another's.
extension Workspaces {
    /// Writes those that are given and drops those that are nil.
    func writeKeys(_ changes: [String: Secret?], of id: String) async throws {
        let moment = now()
        let sealed = Dictionary(
            uniqueKeysWithValues: changes.map { name, secret in
                (name, secret.map { sealer.seal($0.withBytes { Array($0) }, for: purpose(name, id)) })
            })
        try await store.write { store in
            for (name, sealed) in sealed {
                if let sealed {
                    try store.run(WorkspacesQueries.setKey, id, name, Base64.encode(sealed), moment)
                } else {
                    try store.run(WorkspacesQueries.dropKey, id, name)
                }
            }
        }
    }

    func open(_ sealed: String, named name: String, of id: String) throws -> Secret? {
        guard let bytes = Base64.decode(sealed) else { return nil }
        let secret = Secret(try sealer.open(bytes, for: purpose(name, id)))
        log.secrets.add(secret.reveal())
        return secret
    }

    private func purpose(_ name: String, _ id: String) -> String { "provider key:\(id)/\(name)" }

    // MARK: of integrations

    /// Sets the user's own keys for integrations, and forgets those that are nil.
    func setIntegrationKeys(_ changes: [IntegrationKey: Secret?], of workspace: Workspace) async throws {
        guard !changes.isEmpty else { return }
        for case let secret? in changes.values { log.secrets.add(secret.reveal()) }
        let id = workspace.id
        try await turns.run(id) {
            let known = try await integrationKeys(of: id)
            // A client sends them with every turn.
            let news = changes.filter { name, secret in known[name.text] != secret }
            guard !news.isEmpty else { return }
            guard Set(known.keys).union(news.keys.map(\.text)).count <= IntegrationKey.most else {
                throw Fault(.tooLarge, "a workspace keeps at most \(IntegrationKey.most) keys for integrations")
            }
            try await writeKeys(
                Dictionary(uniqueKeysWithValues: news.map { (IntegrationKey.mark + $0.key.text, $0.value) }), of: id)
            integrationKeysKnown[id] = nil
        }
    }

    /// By name, as integrations ask for them.
    func integrationKeys(of id: String) async throws -> [String: Secret] {
        if let known = integrationKeysKnown[id] { return known }
        let rows = try await store.read { try $0.all(WorkspacesQueries.keys, id) }
        var keys: [String: Secret] = [:]
        for (name, sealed) in rows where name.hasPrefix(IntegrationKey.mark) {
            keys[String(name.dropFirst(IntegrationKey.mark.count))] = try open(sealed, named: name, of: id)
        }
        if integrationKeysKnown.count >= Workspaces.mostKnown { integrationKeysKnown = [:] }
        integrationKeysKnown[id] = keys
        return keys
    }
}

/// The name of a key that an integration asks for, such as `INSTRUMENTL_API_KEY`.
struct IntegrationKey: Sendable, Hashable {
    /// What stands before it in the store, where providers' keys are too.
    static let mark = "integration/"
    static let most = 64

    let text: String

    /// Nil for what is no name of a key: capital letters, digits and `_`.
    init?(_ text: String) {
        let isGood = text.utf8.allSatisfy { 65...90 ~= $0 || 48...57 ~= $0 || $0 == 95 }
        guard isGood, 2...64 ~= text.utf8.count, text.utf8.first.map({ 65...90 ~= $0 }) ?? false else { return nil }
        self.text = text
    }
}

/// Keys as a body of `/mgmt` brings them: of providers and of integrations, by name; null forgets one.
struct KeyChanges: Sendable {
    var providers: [Provider: Secret?] = [:]
    var integrations: [IntegrationKey: Secret?] = [:]

    init(_ body: JSONView) throws {
        guard body.kind == .object, body.count > 0 else {
            throw Fault(
                .invalidInput, "the body is an object of keys by their names",
                hint: #"send {"openai": "sk-…", "INSTRUMENTL_API_KEY": null}: null forgets one"#)
        }
        for (name, value) in body.members {
            guard value.isNull || value.string != nil, let key = Provider.cleaned(value.string ?? "") else {
                throw Fault(
                    .invalidInput,
                    "\(name) holds no key: it is text of at most \(Provider.longestKey) printable characters, or null")
            }
            let secret = key.isEmpty ? nil : Secret(key)
            if let provider = Provider(rawValue: name) {
                providers[provider] = .some(secret)
            } else if let integration = IntegrationKey(name) {
                integrations[integration] = .some(secret)
            } else {
                let known = Provider.allCases.map(\.rawValue)
                throw Fault(
                    .invalidInput, "\"\(name.prefix(64))\" is no name of a key",
                    hint: NearestName.of(name, among: known).map { "did you mean \"\($0)\"?" }
                        ?? "known are \(known.joined(separator: ", ")), and names such as INSTRUMENTL_API_KEY")
            }
        }
    }
}
