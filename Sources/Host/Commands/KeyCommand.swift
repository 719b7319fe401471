import Runtime

extension Command {
    static let key = Command(
        name: "key", summary: "Makes, lists and revokes API keys.",
        usage: "perigee key create|list|revoke [ID] [--user U] [--name N] [--scopes A,B] [--expires 90d] [--json] "
            + "[NAME=value …]",
        details: """
              create      makes a key and prints it; this is the one time that it is seen
              list        shows all keys, without their text
              revoke ID   makes a key worthless, at once and for good
              --user      the user that it stands for; a user of its own if left out
              --name      what to call it
              --scopes    what it may do, separated by commas:
                            chat        ask agents (this one, if left out)
                            speak-for   name users: for Open WebUI's connection, together with chat
                            manage      run this server
                            worker      take work as a remote worker
                            admin       everything, and make keys
              --expires   how long it lasts: 90d, 12h, or never
              --json      what `/mgmt/keys` answers, for machines

            It asks the running server over its Unix socket, and works on the database itself when none runs. With the first
            key, requests to the server's address need one; its Unix socket stays open to the server's own user.
            """, valued: ["--user", "--name", "--scopes", "--expires"]
    ) { arguments in
        try arguments.expect(options: ["--user", "--name", "--scopes", "--expires", "--json"], words: 1...2)
        let verb = arguments.words[0]
        let making = ["--user", "--name", "--scopes", "--expires"].filter(arguments.options.contains)
        if verb != "create", let stray = making.first { throw Fault(.invalidInput, "\(stray) is for `create`") }
        guard arguments.words.count == (verb == "revoke" ? 2 : 1) else {
            throw Fault(
                .invalidInput,
                verb == "revoke" ? "revoke needs the id of a key" : "unexpected \"\(arguments.words[1])\"",
                hint: "`perigee key list` shows the ids")
        }
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        switch verb {
        case "create": try create(arguments, settings)
        case "list":
            let answer = try KeyAsking.run(settings) { try await $0.list() }
            try JobsReport.print(answer, arguments) { KeysReport.list($0) }
        case "revoke":
            let id = arguments.words[1]
            let answer = try KeyAsking.run(settings) { try await $0.revoke(id) }
            try JobsReport.print(answer, arguments) { "\($0.text("id")) is revoked\n" }
        default:
            let advice = NearestName.of(verb, among: ["create", "list", "revoke"]).map { "did you mean \($0)?" }
            throw Fault(.invalidInput, "there is no `perigee key \(verb)`", hint: advice ?? "see --help")
        }
        return 0
    }

    /// The key alone goes to standard output, so that it can be piped; what there is to say goes beside it.
    private static func create(_ arguments: Arguments, _ settings: Settings) throws {
        let scopes = arguments["--scopes"].map { list in
            list.split(separator: ",").map { String($0.filter { $0 != " " }) }
        }
        // Checked here as well, so that a slip is told in the words of the options.
        _ = try KeyOrder(
            name: arguments["--name"], user: arguments["--user"], scopes: scopes, expires: arguments["--expires"])
        let body = KeyOrder.body(
            name: arguments["--name"], user: arguments["--user"], scopes: scopes, expires: arguments["--expires"])
        let made = try KeyAsking.run(settings) { try await $0.create(body) }
        try JobsReport.print(made, arguments) { "\($0.text("token"))\n" }
        if !arguments.options.contains("--json") { Terminal.warn(KeysReport.made(made)) }
    }
}

/// The running server where there is one, else its database.
@Loop
private enum KeyAsking {
    case server(ServerLink)
    case store(Keys)

    func list() async throws -> JSONValue {
        switch self {
        case .server(let link): try await link.get("/mgmt/keys")
        case .store(let keys): KeysDoor.listed(keys.list(), at: Access.now())
        }
    }

    func create(_ body: JSONValue) async throws -> JSONValue {
        let bytes = try JSON.encode(body)
        switch self {
        case .server(let link): return try await link.post("/mgmt/keys", bytes)
        case .store(let keys):
            return KeysDoor.made(try await keys.issue(KeyOrder(JSON.parse(bytes))), at: Access.now())
        }
    }

    func revoke(_ id: String) async throws -> JSONValue {
        switch self {
        case .server(let link): try await link.post("/mgmt/keys/\(JobsReport.segment(id))/revoke")
        case .store(let keys): .object(try await keys.revoke(id).shown(at: Access.now()))
        }
    }

    nonisolated static func run(
        _ settings: Settings, _ ask: @escaping @Loop @Sendable (KeyAsking) async throws -> JSONValue
    ) throws -> JSONValue {
        try Loop.result {
            guard let link = try await reachable(settings) else { return try await direct(settings, ask) }
            do {
                let answer = try await ask(.server(link))
                await link.close()
                return answer
            } catch {
                await link.close()
                throw error
            }
        }
    }

    /// Nil when nobody answers, or the settings say that there is no socket.
    private static func reachable(_ settings: Settings) async throws -> ServerLink? {
        guard case .at = settings.socket else { return nil }
        let link = try ServerLink(settings)
        do {
            _ = try await link.get("/healthz")
            return link
        } catch let fault as Fault where fault.kind == .unavailable {
            await link.close()
            return nil
        } catch {
            await link.close()
            throw error
        }
    }

    /// The lease of the store keeps this from a server that runs and could not be asked.
    private static func direct(
        _ settings: Settings, _ ask: @Loop @Sendable (KeyAsking) async throws -> JSONValue
    ) async throws -> JSONValue {
        let directory = StateDirectory(path: settings.stateDirectory)
        try directory.prepare()
        let store = try await Store.open(directory.database, migrations: Schema.migrations) { _ in }
        do {
            let answer = try await ask(.store(Keys.open(store, now: Access.now)))
            await store.close()
            return answer
        } catch {
            await store.close()
            throw error
        }
    }
}

/// Keys as text for people.
enum KeysReport {
    static func list(_ answer: JSONValue) -> String {
        let keys = answer.list("keys")
        guard !keys.isEmpty else { return "there are no keys; `perigee key create` makes one\n" }
        let rows = keys.map { key in
            [
                key.text("id"), key.text("name"), key.text("user"), scopes(key), key.text("state"),
                moment(key, "created_at"), moment(key, "expires_at"), moment(key, "last_used_at"),
            ]
        }
        let head = ["KEY", "NAME", "USER", "SCOPES", "STATE", "MADE", "EXPIRES", "LAST USED"]
        return SettingListing.columns([head] + rows)
    }

    static func made(_ key: JSONValue) -> String {
        let expiry = key["expires_at"]?.string.map { "until \(JobsReport.moment($0))" } ?? "until it is revoked"
        return """
            \(key.text("id")) may \(scopes(key)) as the user \(key.text("user")), \(expiry).
            It is shown this once; keep it where secrets are kept.

            """
    }

    private static func scopes(_ key: JSONValue) -> String {
        key.list("scopes").compactMap(\.string).joined(separator: ",")
    }

    private static func moment(_ key: JSONValue, _ field: String) -> String {
        key[field]?.string.map(JobsReport.moment) ?? "–"
    }
}
