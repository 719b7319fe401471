import Runtime

extension Command {
    static let jobs = Command(
        name: "jobs", summary: "Shows the scheduled jobs of the running server, or one with its history.",
        usage: "perigee jobs [NAME] [--pause | --resume] [--json] [NAME=value …]",
        details: """
              --pause    the job does not fall due until it is resumed, also after a restart
              --resume   it falls due again; what it missed is not made up for
              --json     what `GET /mgmt/jobs` answers, for machines

            Times are UTC. `perigee run-job NAME` runs one at once.
            """
    ) { arguments in
        try arguments.expect(options: ["--json", "--pause", "--resume"], words: 0...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let verbs = ["pause", "resume"].filter { arguments.options.contains("--\($0)") }
        guard let name = arguments.words.first else {
            guard verbs.isEmpty else { throw Fault(.invalidInput, "--\(verbs[0]) needs the name of a job") }
            let answer = try ServerLink.with(settings) { try await $0.get("/mgmt/jobs") }
            try JobsReport.print(answer, arguments) { JobsReport.list($0) }
            return 0
        }
        guard verbs.count < 2 else { throw Fault(.invalidInput, "--pause and --resume contradict each other") }
        let path = "/mgmt/jobs/\(JobsReport.segment(name))"
        let answer = try ServerLink.with(settings) { link in
            if let verb = verbs.first { _ = try await link.post("\(path)/\(verb)") }
            return try await link.get(path)
        }
        try JobsReport.print(answer, arguments) { JobsReport.job($0) }
        return 0
    }

    static let runJob = Command(
        name: "run-job", summary: "Has the running server run a job at once, and waits for its end.",
        usage: "perigee run-job NAME [--plan] [--json] [NAME=value …]",
        details: """
              --plan   a gc job only makes its plan: `perigee gc --show ID` shows it, `perigee gc --apply ID` applies it
              --json   the run as in the job's history, for machines

            Ends with code 0 when the job succeeded and 1 when it did not. Ctrl-C ends the wait, not the job.
            """
    ) { arguments in
        try arguments.expect(options: ["--json", "--plan"], words: 1...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let path = "/mgmt/jobs/\(JobsReport.segment(arguments.words[0]))"
        let query = arguments.options.contains("--plan") ? "?plan=1" : ""
        let run = try ServerLink.with(settings) { link in
            let id = try await link.post("\(path)/run\(query)")["run"]
            return try await JobsReport.whenSettled {
                guard case .array(let history)? = try await link.get(path)["history"] else { return nil }
                return history.first { $0["id"] == id && $0["outcome"]?.string != "running" }
            }
        }
        try JobsReport.print(run, arguments) { JobsReport.run($0) }
        return run["outcome"]?.string == "succeeded" ? 0 : 1
    }
}
