import LuaBridge

extension HostModule {
    /// Programs on this machine, and the processes of it.
    public static func process(_ world: World) -> HostModule {
        HostModule(
            "process", "Runs programs, without a shell, and knows the processes of this machine.",
            [run(world.processes), list(world.processes), tree(world.processes), terminate(world.processes)])
    }

    // MARK: running

    private static let command = Record(
        "host.process.Command", "What to run, and how.",
        [
            .required("argv", .list(.text()), "The program and its arguments, as they are: no shell reads them."),
            .optional("input", .text(), "What it reads; nothing unless given."),
            .optional("env", .map(.text()), "Variables beside PATH, HOME, USER, LANG, LC_ALL, TZ and TMPDIR."),
            .optional("directory", .text(), "Where it runs; where the server runs unless given."),
            .optional("output_limit", .size, "Of what it writes: 1MB unless given; more ends it and is too_large."),
            .optional("deadline", .duration, "When it is ended; the caller's own deadline counts as well."),
        ])

    private static let result = Record(
        "host.process.Result", "How a program ended and what it wrote.",
        [
            .required("ok", .boolean, "Whether its exit code is 0."),
            .optional("code", .integer(), "Its exit code; nil when a signal ended it."),
            .optional("signal", .integer(), "The signal that ended it."),
            .required("stdout", .text(), "What it wrote."),
            .required("stderr", .text(), "What it wrote as errors; of more than 64KB the begin and the end."),
        ])

    private static func run(_ processes: any WorldProcesses) -> HostFunction {
        HostFunction(
            waiting: "run",
            "Runs a program to its end. It and its children end with the call when that is cancelled or overdue.",
            [.required("command", .record(command), "What to run.")],
            results: [.required("result", .record(result), "Also that of a program which exits with a code but 0.")],
            example: #"local result, err = process.run { argv = { "df", "-B1", path }, deadline = "5s" }"#
        ) { call in
            let options = call.options("command")
            let request = try request(options, in: call.state)
            guard let deadline = options.duration("deadline") else { return value(try await processes.run(request)) }
            return value(try await Deadline.within(deadline) { try await processes.run(request) })
        }
    }

    private static func request(_ options: HostOptions, in state: LuaState) throws -> WorldCommand {
        var request = WorldCommand(options.list("argv"))
        guard let program = request.argv.first, !program.isEmpty else {
            throw ScriptMistake(
                "bad argument #1 'command' to 'host.process.run': field 'argv' must begin with the name of a program")
        }
        request.input = options.bytes("input") ?? []
        for (name, value) in options.options("env").pairs { request.environment[name] = value.string! }
        request.directory = options.text("directory")
        // More would not fit into one text of Lua.
        request.outputLimit = min(options.size("output_limit") ?? request.outputLimit, state.limits.largestText - 64)
        return request
    }

    private static func value(_ result: WorldCommandResult) -> LuaValue {
        [
            "ok": .bool(result.code == 0), "code": result.code.map { .integer(Int64($0)) } ?? .nil,
            "signal": result.signal.map { .integer(Int64($0)) } ?? .nil, "stdout": .bytes(result.output),
            "stderr": .bytes(result.errors),
        ]
    }

    // MARK: looking

    private static let entry = Record(
        "host.process.Entry", "A process of this machine.",
        [
            .required("pid", .integer(), "Its number, which one day is another's."),
            .required("identity", .text(), "Names it for good: what `terminate` goes by."),
            .required("ppid", .integer(), "Its parent's number."),
            .required("group", .integer(), "Its process group."),
            .required("session", .integer(), "Its session."),
            .required("uid", .integer(), "The number of its user."),
            .required("started", .number(), "When it started, in seconds since 1970."),
            .required("state", .text(), "R, S, D, Z, T and so on."),
            .required("command", .text(), "The kernel's name for it, at most 15 bytes."),
            .required("argv", .list(.text()), "Its arguments, which may hold secrets; empty for kernel threads."),
            .required("memory", .integer(), "Resident bytes."),
            .required("cpu", .number(), "Seconds of processor time."),
            .optional("cwd", .text(), "Where it is; nil where Perigee may not look."),
        ])

    private static func list(_ processes: any WorldProcesses) -> HostFunction {
        HostFunction(
            waiting: "list", "All processes of this machine.",
            results: [.required("processes", .list(.record(entry)), "By rising number.")]
        ) { _ in .array(try await processes.list().sorted { $0.pid < $1.pid }.map(value)) }
    }

    private static func tree(_ processes: any WorldProcesses) -> HostFunction {
        HostFunction(
            waiting: "tree", "A process and everything below it.",
            [.required("pid", .integer(1...Int64(Int32.max)), "The number of the process on top.")],
            results: [.required("processes", .list(.record(entry)), "Parents before their children.")]
        ) { call in
            let pid = Int32(call.integer("pid"))
            let found = ProcessTable(try await processes.list()).tree(of: pid)
            guard !found.isEmpty else { throw Fault(.notFound, "there is no process \(pid)") }
            return .array(found.map(value))
        }
    }

    private static func value(_ entry: ProcessEntry) -> LuaValue {
        [
            "pid": .integer(Int64(entry.pid)), "identity": .string(entry.identity.text),
            "ppid": .integer(Int64(entry.parent)), "group": .integer(Int64(entry.group)),
            "session": .integer(Int64(entry.session)), "uid": .integer(Int64(entry.userID)),
            "started": .number(entry.started), "state": .string(String(entry.state)), "command": .string(entry.name),
            "argv": .array(entry.arguments.map { .string($0) }), "memory": .integer(Int64(entry.residentBytes)),
            "cpu": .number(entry.cpuTime.inSeconds), "cwd": entry.directory.map { .string($0) } ?? .nil,
        ]
    }

    // MARK: ending

    private static func terminate(_ processes: any WorldProcesses) -> HostFunction {
        let target = Record(
            "host.process.Target", "A process that `list` or `tree` gave.", isOpen: true,
            [.required("identity", .text(), "As it was listed.")])
        let options = Record(
            "host.process.TerminateOptions", "How it is ended.",
            [.optional("grace", .duration, "Between TERM and KILL; 5 seconds unless given.")])
        return HostFunction(
            waiting: "terminate",
            "Ends a process with its group: TERM, and after the grace KILL. Only the very process that was listed is "
                + "ended; the error is conflict when its number is another's by now.",
            [
                .required("process", .record(target), "The process."),
                .optional("options", .record(options), "The grace."),
            ], results: [.required("ended", .boolean, "False when it had ended by itself.")],
            example: #"process.terminate(entry, { grace = "10s" })"#
        ) { call in
            guard let identity = ProcessIdentity(text: call.options("process").text("identity")!) else {
                throw ScriptMistake(
                    "bad argument #1 'process' to 'host.process.terminate': field 'identity' must be as it was listed")
            }
            let grace = call.options("options").duration("grace") ?? .seconds(5)
            return .bool(try await processes.terminate(identity, grace: grace))
        }
    }
}

extension ProcessIdentity {
    /// One word that a script can keep.
    var text: String { "\(pid):\(startTime):\(bootID)" }

    init?(text: String) {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let pid = Int32(parts[0]), pid > 0, let startTime = UInt64(parts[1]) else { return nil }
        self.init(pid: pid, startTime: startTime, bootID: String(parts[2]))
    }
}
