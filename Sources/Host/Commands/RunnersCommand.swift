import Runtime

extension Command {
    static let runners = Command(
        name: "runners", summary: "Shows the runners of the server; stops or restarts one, or shows its output.",
        usage: "perigee runners [stop | restart | logs] [NAME] [--lines N] [--json] [NAME=value …]",
        details: """
              NAME       shows one runner; its workspace's id will do when that has only one
              stop       stops it, whoever is on it; the next turn starts another
              restart    stops it, and returns when it is ready again
              logs       the newest lines of what it printed; --lines says how many, 100 unless told
              --json     what `GET /mgmt/runners` answers, for machines
            """, valued: ["--lines"]
    ) { arguments in
        try arguments.expect(options: ["--json", "--lines"], words: 0...2)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let verbs = ["stop", "restart", "logs"]
        guard let first = arguments.words.first else {
            let answer = try ServerLink.with(settings) { try await $0.get("/mgmt/runners") }
            try JobsReport.print(answer, arguments) { RunnersReport.list($0) }
            return 0
        }
        let verb = verbs.contains(first) ? first : nil
        let name = arguments.words.dropFirst(verb == nil ? 0 : 1).first
        guard let name, verb != nil || arguments.words.count == 1 else {
            throw Fault(
                .invalidInput, verb.map { "\($0) needs the name of a runner" } ?? "there is no verb \"\(first)\"",
                hint: "say `perigee runners NAME`, or \(verbs.joined(separator: ", ")) before the name")
        }
        let lines = arguments["--lines"] ?? "100"
        let answer = try ServerLink.with(settings) { link in
            let path = "/mgmt/runners/\(JobsReport.segment(try await RunnersReport.whole(name, link)))"
            switch verb {
            case "stop", "restart": return try await link.post("\(path)/\(verb!)")
            case "logs": return .string(try await link.text("\(path)/logs?lines=\(JobsReport.segment(lines))"))
            default: return try await link.get(path)
            }
        }
        try JobsReport.print(answer, arguments) { RunnersReport.one($0) }
        return 0
    }
}

/// Runners as text for people.
enum RunnersReport {
    /// The name of the one runner that this is the name, or the workspace, of.
    @Loop
    static func whole(_ word: String, _ link: ServerLink) async throws -> String {
        let all = try await link.get("/mgmt/runners").list("runners")
        let own = all.filter { $0.text("workspace") == word }
        return own.count == 1 ? own[0].text("name") : word
    }

    static func list(_ answer: JSONValue) -> String {
        let all = answer.list("runners")
        guard !all.isEmpty else { return "no runner is up; the next turn of a chat starts its user's\n" }
        let rows = all.map { runner in
            [
                runner.text("name"), runner.text("mode"), state(runner), "\(runner.number("leases"))",
                JobsReport.moment(runner.text("started_at")), JobsReport.moment(runner.text("last_used_at")),
                runner.text("reason"),
            ]
        }
        return SettingListing.columns([["RUNNER", "MODE", "STATE", "ON IT", "STARTED", "LAST USED", ""]] + rows)
    }

    static func one(_ runner: JSONValue) -> String {
        if let text = runner.string { return text.isEmpty || text.hasSuffix("\n") ? text : text + "\n" }
        var rows = [["runner", runner.text("name")], ["state", state(runner)]]
        let others = [
            ("mode", "mode"), ("workspace", "workspace"), ("address", "address"), ("identity", "identity"),
            ("reason", "reason"),
        ]
        for (title, field) in others where !runner.text(field).isEmpty { rows.append([title, runner.text(field)]) }
        for (title, field) in [("started", "started_at"), ("last used", "last_used_at")]
        where !runner.text(field).isEmpty {
            rows.append([title, JobsReport.moment(runner.text(field))])
        }
        return SettingListing.columns(rows)
    }

    private static func state(_ runner: JSONValue) -> String {
        runner["stale"]?.bool == true ? "\(runner.text("state")), to be renewed" : runner.text("state")
    }
}
