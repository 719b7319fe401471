import Runtime

extension Command {
    static let workspaces = Command(
        name: "workspaces", summary: "Shows the users' workspaces, or one of them.",
        usage: "perigee workspaces [ID] [--json] [NAME=value …]",
        details: """
              --json   what `GET /mgmt/workspaces` answers, for machines

            A workspace's id is the first 16 hexadecimal digits of the SHA-256 of its user. Keys are shown by name only.
            """
    ) { arguments in
        try arguments.expect(options: ["--json"], words: 0...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        if let id = arguments.words.first {
            let path = "/mgmt/workspaces/\(JobsReport.segment(id))"
            let answer = try ServerLink.with(settings) { try await $0.get(path) }
            try JobsReport.print(answer, arguments) { WorkspacesReport.one($0) }
        } else {
            let all = try ServerLink.with(settings) { try await everything($0) }
            try JobsReport.print(["workspaces": .array(all)], arguments) { WorkspacesReport.list($0) }
        }
        return 0
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
            ["made", JobsReport.moment(workspace.text("created_at"))],
            ["last used", JobsReport.moment(workspace.text("last_used_at"))],
        ])
    }

    private static func keys(_ workspace: JSONValue) -> String {
        let names = workspace.list("keys").compactMap(\.string).joined(separator: ",")
        return names.isEmpty ? "none" : names
    }
}
