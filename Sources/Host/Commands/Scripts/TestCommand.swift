import Runtime

extension Command {
    static let test = Command(
        name: "test", summary: "Runs the specs of scripts, without a server.",
        usage: "perigee test [PATH …] [--filter TEXT] [--json] [NAME=value …]",
        details: """
              PATH            a script, its spec or a directory of them, such as hooks/recover.lua or gc; or a whole
                              directory of scripts of your own. Without one: all specs, shipped and your own
              --filter TEXT   only specs whose file or name has the text in it
              --json          one object on one line, for programs

            Specs are files such as hooks/recover_spec.lua beside their script. Clock, HTTP, store and processes are
            make-believe in them. Ends with code 1 when one fails.
            """,
        valued: ["--filter"]
    ) { arguments in
        try arguments.expect(options: ["--filter", "--json"], words: 0...Int.max)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        var sources = settings.scriptSources
        let names = sources.takeDirectory(from: arguments.words)
        var set = SpecSet.read(sources)
        try set.keep(names)
        let chosen = set
        let report = try Loop.result {
            try await SpecRunner(makeTable: HostTable.makeBelieve).run(chosen, filter: arguments["--filter"])
        }
        let listing = SpecListing(report: report)
        Terminal.print(arguments.options.contains("--json") ? try listing.json() : listing.text(.ofOutput))
        return report.failures.isEmpty ? 0 : 1
    }
}
