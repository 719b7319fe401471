import LuaBridge

/// The events of a run in the hands of a script. Whoever lets go of it stops following.
@Loop
final class ScriptRunEvents {
    private let source: any WorldRunEvents
    private var isReading = false

    init(_ source: any WorldRunEvents) { self.source = source }

    isolated deinit { source.close() }

    func next() async throws -> JSONValue? {
        guard !isReading else { throw ScriptMistake("two calls read the events of one run at once") }
        isReading = true
        defer { isReading = false }
        return try await source.next()
    }

    func close() { source.close() }
}

extension HostModule {
    static func events(_ runs: any WorldRuns, _ type: LuaClass<ScriptRunEvents>) -> HostFunction {
        HostFunction(
            iterating: "events", "Gives the events of a run, each once and in order, until the run has ended.",
            [
                .required("id", .text(max: 256), "The run's id."),
                .optional("options", .record(RunTables.following), "Where to begin, and whether to wait for more."),
            ], results: [.required("events", .object(type.name), "Gives an event at each call.")],
            example: """
                local events <close> = assert(runs.events(run.id))
                for event in events do log.info(event.kind) end
                """
        ) { call in
            let options = call.options("options")
            let events = try await runs.events(
                call.text("id"), after: options.integer("after") ?? 0, follows: options.bool("follow") ?? true)
            return type.value(ScriptRunEvents(events))
        }
    }

    static var eventMethods: [HostFunction] {
        [
            HostFunction(
                waiting: "__call",
                "The next event; nil behind the last one, and nil with an error when reading failed.",
                [
                    .optional("state", .any, "Given by `for`; ignored."),
                    .optional("control", .any, "Given by `for`; ignored."),
                ], results: [.optional("event", .record(RunTables.event), "The event.")]
            ) { call in try await events(of: call).next().map { LuaValue($0) } ?? .nil },
            HostFunction(
                waiting: "list", "Reads what is left, or so many of them, at once.",
                [.optional("limit", .integer(1...10_000), "How many at most; 1000 when left out.")],
                results: [.required("events", .list(.record(RunTables.event)), "The events.")],
                example: "local said = assert(runs.events(run.id, { follow = false })):list()"
            ) { call in
                let limit = Int(call["limit"].integer ?? 1000)
                var found: [LuaValue] = []
                while found.count < limit, let event = try await events(of: call).next() {
                    found.append(LuaValue(event))
                }
                return .array(found)
            },
            HostFunction("close", "Stops following.", results: [.required("closed", .boolean, "True.")]) { call in
                events(of: call).close()
                return true
            },
            HostFunction("__close", "Stops following.", [.optional("reason", .any, "Given by Lua; ignored.")]) { call in
                events(of: call).close()
                return .nil
            },
        ]
    }

    private static func events(of call: HostCall) -> ScriptRunEvents { call.receiver as! ScriptRunEvents }
}
