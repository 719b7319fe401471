import Runtime

extension Command {
    static let check = Command(
        name: "check", summary: "Says what is wrong with scripts, without a server.",
        usage: "perigee check [DIRECTORY] [--json] [NAME=value …]",
        details: """
              DIRECTORY   scripts of your own; PERIGEE_SCRIPTS unless given
              --json      one object on one line, for programs

            Compiles, loads and checks your scripts over the shipped ones, as a server would, and prints `file:line: what is
            wrong`. Also named are files that replace shipped ones, and such as are never loaded. Ends with code 1 when
            something is wrong.
            """
    ) { arguments in
        try arguments.expect(options: ["--json"], words: 0...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        var sources = settings.scriptSources
        if let name = sources.takeDirectory(from: arguments.words).first, arguments.words.first == name {
            throw Fault(.notFound, "there is no directory \(name)")
        }
        let chosen = sources
        let problems = try Loop.result {
            await ScriptCheck.run(chosen, HostTable.makeBelieve(), ScriptLimits())
        }
        let listing = CheckListing(
            set: chosen.read(), problems: problems, strays: chosen.overlay.map(StrayScripts.find) ?? [],
            overlay: chosen.overlay)
        Terminal.print(arguments.options.contains("--json") ? try listing.json() : listing.text(.ofOutput))
        return problems.isEmpty ? 0 : 1
    }
}

/// What was found, as text for people and editors or JSON for programs.
struct CheckListing {
    let set: ScriptSet
    let problems: [ScriptProblem]
    /// Files of the owner's that are never loaded.
    let strays: [ScriptProblem]
    let overlay: String?

    func text(_ paint: Paint) -> String {
        var lines: [String] = []
        for problem in problems { lines += ProblemText.lines(problem, at: path(of: problem.script), paint.bad, paint) }
        for stray in strays { lines += ProblemText.lines(stray, at: path(of: stray.script), paint.worth, paint) }
        lines += replaced.map { paint.faint("\($0): in the place of the shipped one") }
        lines.append(summary(paint))
        return lines.joined(separator: "\n") + "\n"
    }

    private var replaced: [String] { self.set.files.filter(\.replacesShipped).map(\.name) }

    private func summary(_ paint: Paint) -> String {
        let count = set.files.count
        let own = set.files.count { $0.origin == .owner }
        let verdict =
            problems.isEmpty
            ? paint.good("nothing is wrong") : paint.bad("\(problems.count) problem\(problems.count == 1 ? "" : "s")")
        return "\(count) script\(count == 1 ? "" : "s"), \(own) of them yours: \(verdict)"
    }

    /// Where it lies on disk, so that editors and terminals can follow it.
    private func path(of script: String) -> String {
        if let file = set.files.first(where: { $0.name == script }) { return ProblemText.shortened(file.path) }
        return overlay.map { ProblemText.shortened("\($0)/\(script)") } ?? script
    }

    func json() throws -> String {
        let shown = Shown(
            ok: problems.isEmpty, scripts: set.files.count, problems: problems.map(entry), replaced: replaced,
            strays: strays.map(entry))
        return String(decoding: try JSON.encode(shown), as: UTF8.self) + "\n"
    }

    private func entry(_ problem: ScriptProblem) -> Shown.Problem {
        Shown.Problem(
            script: problem.script, path: path(of: problem.script), line: problem.line, message: problem.message,
            hint: problem.hint)
    }

    private struct Shown: Encodable {
        struct Problem: Encodable {
            let script: String
            let path: String
            let line: Int?
            let message: String
            let hint: String?
        }

        let ok: Bool
        let scripts: Int
        let problems: [Problem]
        let replaced: [String]
        let strays: [Problem]

        enum CodingKeys: String, CodingKey {
            case ok, scripts, problems, replaced
            case strays = "never_loaded"
        }
    }
}
