import Runtime

extension Command {
    static let workspaces = Command(
        name: "workspaces", summary: "Shows the users' workspaces, or one of them.",
        usage: "perigee workspaces [ID [--set-key NAME | --drop-key NAME]] [--json] [NAME=value …]",
        details: """
              --json            what `GET /mgmt/workspaces` answers, for machines
              --set-key NAME    sets a key of the user's, which is read from the input: of a provider (openai, anthropic,
                                openrouter) or of an integration, such as INSTRUMENTL_API_KEY
              --drop-key NAME   forgets one

            A workspace's id is the first 16 hexadecimal digits of the SHA-256 of its user. Keys are shown by name only.
            """, valued: ["--set-key", "--drop-key"]
    ) { arguments in
        try arguments.expect(options: ["--json", "--set-key", "--drop-key"], words: 0...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        if let id = arguments.words.first {
            let path = "/mgmt/workspaces/\(JobsReport.segment(id))"
            let changes = try keyChanges(arguments)
            let answer = try ServerLink.with(settings) { link in
                if let changes { _ = try await link.put("\(path)/keys", changes) }
                return try await link.get(path)
            }
            try JobsReport.print(answer, arguments) { WorkspacesReport.one($0) }
        } else {
            guard arguments["--set-key"] == nil, arguments["--drop-key"] == nil else {
                throw Fault(.invalidInput, "which workspace's key?", hint: "`perigee workspaces` lists them")
            }
            let all = try ServerLink.with(settings) { try await everything($0) }
            try JobsReport.print(["workspaces": .array(all)], arguments) { WorkspacesReport.list($0) }
        }
        return 0
    }

    /// The key comes by the input, because anybody on the machine can read a command line.
    private static func keyChanges(_ arguments: Arguments) throws -> JSONValue? {
        var changes: JSONObject = [:]
        if let name = arguments["--drop-key"] { changes[name] = .null }
        if let name = arguments["--set-key"] {
            guard let key = readLine(strippingNewline: true), !key.isEmpty else {
                throw Fault(.invalidInput, "no key came in", hint: "perigee workspaces ID --set-key \(name) < FILE")
            }
            changes[name] = .string(key)
        }
        return changes.isEmpty ? Optional.none : .object(changes)
    }

    /// All pages.
    @Loop
    private static func everything(_ link: ServerLink) async throws -> [JSONValue] {
        var all: [JSONValue] = []
        var answer = try await link.get("/mgmt/workspaces")
        all += answer.list("workspaces")
        while answer["more"]?.bool == true, let last = all.last?["id"]?.string {
            answer = try await link.get("/mgmt/workspaces?after=\(JobsReport.segment(last))")
            let page = answer.list("workspaces")
            guard !page.isEmpty else { break }
            all += page
        }
        return all
    }
}

/// Workspaces as text for people.
enum WorkspacesReport {
    static func list(_ answer: JSONValue) -> String {
        let all = answer.list("workspaces")
        guard !all.isEmpty else { return "there are no workspaces yet; each user's first request makes theirs\n" }
        let rows = all.map { workspace in
            [
                workspace.text("id"), workspace.text("user"), JobsReport.moment(workspace.text("last_used_at")),
                keys(workspace), workspace.text("directory"),
            ]
        }
        return SettingListing.columns([["WORKSPACE", "USER", "LAST USED", "KEYS", "DIRECTORY"]] + rows)
    }

    static func one(_ workspace: JSONValue) -> String {
        SettingListing.columns([
            ["workspace", workspace.text("id")], ["user", workspace.text("user")],
            ["directory", workspace.text("directory")], ["keys", keys(workspace)],
            ["keys for integrations", names(workspace, "integration_keys")],
            ["made", JobsReport.moment(workspace.text("created_at"))],
            ["last used", JobsReport.moment(workspace.text("last_used_at"))],
        ])
    }

    private static func keys(_ workspace: JSONValue) -> String { names(workspace, "keys") }

    private static func names(_ workspace: JSONValue, _ field: String) -> String {
        let names = workspace.list(field).compactMap(\.string).joined(separator: ",")
        return names.isEmpty ? "none" : names
    }
}
