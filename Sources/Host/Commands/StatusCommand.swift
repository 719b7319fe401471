import Runtime

extension Command {
    static let status = Command(
        name: "status", summary: "Shows how the running server and its scripts are.",
        usage: "perigee status [--json] [NAME=value …]",
        details: """
              --json   what `GET /mgmt/status` answers, for machines

            It asks the server over its Unix socket, so that it needs the same STATE_DIR or PERIGEE_SOCKET. Ends with code 69
            when there is no server.
            """
    ) { arguments in
        try arguments.expect(options: ["--json"])
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let answer = try ServerLink.with(settings) { try await $0.get("/mgmt/status") }
        if arguments.options.contains("--json") {
            Terminal.print(String(decoding: try JSON.encode(answer, style: .pretty), as: UTF8.self) + "\n")
        } else {
            Terminal.print(ScriptsReport.status(answer))
        }
        return 0
    }

    static let reload = Command(
        name: "reload", summary: "Has the running server load its scripts anew.",
        usage: "perigee reload [NAME=value …]",
        details: """
            The server does so by itself when a script changes. Ends with code 1 when the scripts do not load; it prints why,
            and those before go on serving.
            """
    ) { arguments in
        try arguments.expect()
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let answer = try ServerLink.with(settings) { try await $0.reloadScripts() }
        guard let failure = answer["failure"], failure != .null else {
            Terminal.print(ScriptsReport.reloaded(answer))
            return 0
        }
        let number = answer["generation"]?["number"]?.integer ?? 0
        Terminal.print(ScriptsReport.problems(failure).map { $0 + "\n" }.joined())
        Terminal.complain(Fault(.script, "the scripts do not load; generation \(number) serves on"))
        return 1
    }
}
