import LuaBridge

extension HostModule {
    /// The functions of `host` itself.
    public static func host(_ world: World) -> HostModule {
        HostModule(
            "", "What scripts reach of Perigee: its modules, and how a script waits.", [parallel, sleep(world.clock)])
    }

    private static func sleep(_ clock: any WorldClock) -> HostFunction {
        HostFunction(
            waiting: "sleep", "Waits. Nothing else is held up meanwhile.",
            [.required("duration", .duration, "Such as \"2s\", or a number of seconds.")], canFail: false,
            example: "host.sleep(\"250ms\")"
        ) { call in
            try await clock.sleep(for: call.duration("duration"))
            return .nil
        }
    }

    private static let task = Signature(
        [],
        results: [
            .optional("result", .any, "What it found."),
            .optional("err", .any, "Why it failed, when the result is nil."),
        ])

    private static var parallel: HostFunction {
        let functions = Field.required(
            "functions", .either([.list(.function(task)), .map(.function(task))]),
            "A list of functions, or functions by name, without parameters.")
        let name = "host.parallel"
        return HostFunction(
            raw: "parallel",
            "Runs functions at the same time, at most \(Parallel.limit). One that raises an error ends the others.",
            [functions],
            results: [
                .required("results", .any, "The first result of each, under the key of its function."),
                .optional("errors", .any, "The error of each that returned `nil, err`, under the same keys."),
            ],
            example: """
                local found, errors = host.parallel {
                  repo = function() return http.get(repo_url) end,
                  runs = function() return http.get(runs_url) end,
                }
                """,
            LuaHostFunction(waiting: name) { @Loop call in
                let given = call.value()
                let place = "bad argument #1 'functions' to '\(name)'"
                do {
                    try functions.shape.check(given)
                } catch let fault as ShapeFault {
                    throw ScriptMistake(
                        fault.field.isEmpty
                            ? "\(place) (\(functions.shape.words) of functions expected, got \(given.inWords))"
                            : fault.text(of: place))
                }
                let outcome = try await Parallel(call.state).run(given)
                call.returns(outcome.results, outcome.errors)
            })
    }
}
