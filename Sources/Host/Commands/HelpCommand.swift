extension Command {
    static let help = Command(
        name: "help", summary: "Shows the commands, or one of them.",
        usage: "perigee help [COMMAND]", details: ""
    ) { arguments in
        try arguments.expect(words: 0...1)
        guard let name = arguments.words.first else {
            Terminal.print(overview)
            return 0
        }
        guard let command = named(name) else { throw unknown(name) }
        Terminal.print(command.helpText)
        return 0
    }

    static let version = Command(
        name: "version", summary: "Shows the version.", usage: "perigee version", details: ""
    ) { arguments in
        try arguments.expect()
        Terminal.print("perigee \(Version.current)\n")
        return 0
    }

    private static var overview: String {
        let width = all.map(\.name.count).max() ?? 0
        let lines = all.map { command in
            "  \(command.name)\(String(repeating: " ", count: width - command.name.count))  \(command.summary)"
        }
        return """
            Perigee puts the opencode agent behind Open WebUI, one isolated runner per user.

            usage: perigee COMMAND [NAME=value …]

            \(lines.joined(separator: "\n"))

            Settings come from NAME=value words, the environment, and .env, in this order; `perigee config` lists them.

            """
    }
}

/// The version of this program, as tagged.
enum Version {
    static let current = "0.1.0"
}
