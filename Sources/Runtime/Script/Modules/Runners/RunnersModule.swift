import LuaBridge

extension HostModule {
    /// `host.runners`.
    public static func runners(_ runners: any WorldRunners) -> HostModule {
        HostModule(
            "runners", "The agent servers of this Perigee: which are up, who is on them, and what nobody knows.",
            [list(runners), get(runners), stop(runners), restart(runners), logs(runners), found(runners)])
    }

    private static func list(_ runners: any WorldRunners) -> HostFunction {
        HostFunction(
            "list", "Lists the runners by name.",
            results: [.required("runners", .list(.record(RunnerTables.runner)), "those that are up, or were to be")],
            example: "for _, runner in ipairs(runners.list()) do log.info(runner.name) end"
        ) { _ in .array(runners.list().map(RunnerTables.table)) }
    }

    private static func get(_ runners: any WorldRunners) -> HostFunction {
        HostFunction(
            "get", "Returns one runner.", [name],
            results: [.required("runner", .record(RunnerTables.runner), "the runner")], canFail: true,
            example: "local runner, err = runners.get(name)"
        ) { call in RunnerTables.table(try runners.get(call.text("name"))) }
    }

    private static func stop(_ runners: any WorldRunners) -> HostFunction {
        HostFunction(
            waiting: "stop", "Stops a runner, whoever is on it: their turns are told so. Returns when it is down.",
            [name], results: [.required("done", .boolean, "true")], example: "assert(runners.stop(name))"
        ) { call in
            try await runners.stop(call.text("name"))
            return true
        }
    }

    private static func restart(_ runners: any WorldRunners) -> HostFunction {
        HostFunction(
            waiting: "restart", "Stops a runner if it is up, and returns when it is ready again.", [name],
            results: [.required("done", .boolean, "true")], example: "assert(runners.restart(name))"
        ) { call in
            try await runners.restart(call.text("name"))
            return true
        }
    }

    private static func logs(_ runners: any WorldRunners) -> HostFunction {
        HostFunction(
            waiting: "logs", "Returns the newest lines of what a runner printed, without secrets.",
            [name, .optional("lines", .integer(1...10_000), "how many at most; 100 when left out")],
            results: [.required("text", .text(), "the lines")], example: "local text = assert(runners.logs(name, 20))"
        ) { call in
            .string(try await runners.logs(call.text("name"), lines: Int(call["lines"].integer ?? 100)))
        }
    }

    private static func found(_ runners: any WorldRunners) -> HostFunction {
        HostFunction(
            waiting: "found", "Lists what is marked as a runner on this machine, whether anybody knows it or not.",
            results: [.required("found", .list(.record(RunnerTables.finding)), "containers, or processes")],
            example: "for _, item in ipairs(assert(runners.found())) do log.info(item.standing) end"
        ) { _ in
            var tables: [LuaValue] = []
            for item in try await runners.found() {
                tables.append(RunnerTables.table(item))
                // Others get their turn: there may be thousands.
                if tables.count.isMultiple(of: 128) { await Loop.yield() }
            }
            return .array(tables)
        }
    }

    private static let name = Field.required("name", .text(max: 200), "the runner's name")
}
