import LuaBridge

/// The containers of an engine, as a group of functions.
@Loop
final class DockerContainers {
    private let engine: DockerEngine

    init(_ engine: DockerEngine) { self.engine = engine }

    private static func engine(of call: HostCall) -> DockerEngine { (call.receiver as! DockerContainers).engine }

    private static let name = Field.required("name", .text(max: 255), "Its name or id.")
    private static let one = Field.required("container", .record(DockerTables.container), "The container.")

    static var methods: [HostFunction] { [list, inspect, create] + changes + [kill, remove, update] + watching }

    // MARK: looking

    private static var list: HostFunction {
        let filter = Record(
            "host.docker.ContainerFilter", "Which containers.",
            [
                .optional("all", .boolean, "Also those that do not run."),
                .optional("labels", .list(.text()), "With these labels, each `name` or `name=value`."),
            ])
        return HostFunction(
            waiting: "list", "Lists containers, whoever's.",
            [.optional("filter", .record(filter), "Which; all that run, if left out.")],
            results: [.required("containers", .list(.record(DockerTables.container)), "The newest first.")],
            example:
                #"local list = assert(docker.containers():list { all = true, labels = { "open-persona.runner" } })"#
        ) { call in
            let engine = engine(of: call)
            let options = call.options("filter")
            let found = try await engine.containers(all: options.bool("all") == true, labels: options.list("labels"))
            return .array(found.map { DockerTables.value($0, engine.mark) })
        }
    }

    private static var inspect: HostFunction {
        HostFunction(waiting: "inspect", "Returns a container with its details.", [name], results: [one]) { call in
            let engine = engine(of: call)
            return DockerTables.value(try await engine.container(call.text("name")), engine.mark)
        }
    }

    // MARK: making

    private static let mount = Record(
        "host.docker.Mount", "What a container sees besides its image.",
        [
            .optional("source", .text(max: 4096), "A directory of the engine's machine, by its absolute path."),
            .optional("volume", .text(max: 255), "Or a volume."),
            .optional("memory", .size, "Or memory of this size."),
            .required("target", .text(max: 4096), "Where the container sees it."),
            .optional(
                "read_only", .boolean, "Whether it can only be read. It can, if left out; memory can be written."),
        ])

    private static let order = Record(
        "host.docker.ContainerOrder",
        "A container to be made. It gets no capabilities, no new privileges and no restarts, and what is published is "
            + "on the machine's loopback only.",
        [
            .required("name", .text(max: 255), "Its name."), .required("image", .text(max: 512), "Its image."),
            .optional("command", .list(.text()), "What it runs; the image's own, if left out."),
            .optional("entrypoint", .list(.text()), "What comes before the command; the image's own, if left out."),
            .optional("env", .map(.text()), "Environment variables, which everybody sees who may inspect it."),
            .optional("directory", .text(max: 4096), "Where it runs."),
            .optional("user", .text(max: 100), "As whom, as \"1000:1000\"."),
            .optional("labels", .map(.text()), "Labels besides Perigee's."),
            .optional("mounts", .list(.record(mount)), "What it sees besides its image."),
            .optional("network", .text(max: 255), "Its network; none at all, if left out."),
            .optional("ports", .list(.integer(1...65535)), "Ports that are published."),
            .optional("memory", .size, "How much it may hold."),
            .optional("cpus", .number(0.01...1024), "Processors."),
            .optional("processes", .integer(1...1_000_000), "Processes and threads."),
            .optional("read_only", .boolean, "Whether its own file system can only be read."),
        ])

    private static var create: HostFunction {
        HostFunction(
            waiting: "create", "Makes a container that bears Perigee's labels, without starting it.",
            [.required("order", .record(order), "What it is to be.")], results: [one],
            example: #"assert(containers:create { name = "job-1", image = "alpine:3", command = { "true" } })"#
        ) { call in
            let engine = engine(of: call)
            let options = call.options("order")
            let made = try await engine.create(try order(options), name: options.text("name")!)
            return DockerTables.value(try await made.details(), engine.mark)
        }
    }

    private static func order(_ options: HostOptions) throws -> ContainerOrder {
        var order = ContainerOrder(options.text("image")!)
        order.command = options["command"] == .nil ? nil : options.list("command")
        order.entryPoint = options["entrypoint"] == .nil ? nil : options.list("entrypoint")
        order.environment = options.texts("env")
        order.directory = options.text("directory")
        order.user = options.text("user")
        order.labels = options.texts("labels")
        order.network = options.text("network")
        order.ports = options["ports"].elements.compactMap { $0.integer.map { Int($0) } }
        order.memory = options.size("memory")
        order.cpus = options.number("cpus")
        order.processes = options.integer("processes").map { Int($0) }
        order.isReadOnly = options.bool("read_only") == true
        order.mounts = try options["mounts"].elements.map { try mount(HostOptions($0)) }
        // The machine's own network, or another container's, is no place for what scripts make.
        if let network = order.network, network == "host" || network.hasPrefix("container:") {
            throw Fault(.denied, "a container of a script is not put on the network `\(network)`")
        }
        return order
    }

    private static func mount(_ options: HostOptions) throws -> ContainerOrder.Mount {
        let target = options.text("target")!
        let isReadOnly = options.bool("read_only") ?? true
        switch (options.text("source"), options.text("volume"), options.size("memory")) {
        case (let path?, nil, nil): return .init(.directory(path), at: target, isReadOnly: isReadOnly)
        case (nil, let volume?, nil): return .init(.volume(volume, subpath: nil), at: target, isReadOnly: isReadOnly)
        case (nil, nil, let bytes?): return .init(.memory(bytes: bytes), at: target)
        default:
            throw ScriptMistake(
                "bad argument #1 'order' to 'create': a mount has one of 'source', 'volume' and 'memory'")
        }
    }

    // MARK: changing

    private static var changes: [HostFunction] {
        let grace = Field.optional("grace", .duration, "Between TERM and KILL; 10 seconds unless given.")
        return [
            HostFunction(
                waiting: "start", "Starts a container of ours. What runs already is no error.", [name],
                results: [DockerModule.done]
            ) { call in
                try await engine(of: call).own(container: call.text("name")).start()
                return true
            },
            HostFunction(
                waiting: "stop", "Stops a container of ours: TERM, and after the grace KILL.", [name, grace],
                results: [DockerModule.done], example: #"assert(containers:stop("job-1", "30s"))"#
            ) { call in
                let grace = call["grace"] == .nil ? .seconds(10) : call.duration("grace")
                try await engine(of: call).own(container: call.text("name")).stop(grace: grace)
                return true
            },
        ]
    }

    private static var kill: HostFunction {
        HostFunction(
            waiting: "kill", "Sends a signal to a container of ours.",
            [name, .optional("signal", .text(max: 20), "As \"TERM\"; \"KILL\", if left out.")],
            results: [DockerModule.done]
        ) { call in
            try await engine(of: call).own(container: call.text("name")).kill(call["signal"].string ?? "KILL")
            return true
        }
    }

    private static var remove: HostFunction {
        HostFunction(
            waiting: "remove", "Removes a container of ours with its anonymous volumes; one that runs is killed.",
            [name],
            results: [DockerModule.done]
        ) { call in
            try await engine(of: call).own(container: call.text("name")).remove()
            return true
        }
    }

    private static var update: HostFunction {
        let limits = Record(
            "host.docker.Limits", "What a container may use. What is left out stays.",
            [
                .optional("memory", .size, "Memory."), .optional("cpus", .number(0.01...1024), "Processors."),
                .optional("processes", .integer(1...1_000_000), "Processes and threads."),
            ])
        return HostFunction(
            waiting: "update", "Changes what a container of ours may use, from now on.",
            [name, .required("limits", .record(limits), "The limits.")], results: [DockerModule.done],
            example: #"assert(containers:update("job-1", { memory = "1GB" }))"#
        ) { call in
            let options = call.options("limits")
            try await engine(of: call).own(container: call.text("name")).update(
                memory: options.size("memory"), cpus: options.number("cpus"),
                processes: options.integer("processes").map { Int($0) })
            return true
        }
    }

    // MARK: watching

    private static var watching: [HostFunction] { [logs, exec, stats, wait] }

    private static var logs: HostFunction {
        let options = Record(
            "host.docker.LogOptions", "Which part of it.",
            [
                .optional("lines", .integer(0...1_000_000), "The newest so many; 100, if left out."),
                .optional("since", .number(), "From this moment on, in seconds since 1970."),
                .optional("timestamps", .boolean, "Each line with its moment."),
            ])
        return HostFunction(
            waiting: "logs", "What a container printed, both streams together; of very much the end.",
            [name, .optional("options", .record(options), "Which part of it.")],
            results: [.required("text", .text(), "The lines.")]
        ) { call in
            let options = call.options("options")
            return .string(
                try await engine(of: call).log(
                    of: call.text("name"), lines: Int(options.integer("lines") ?? 100), since: options.number("since"),
                    timestamps: options.bool("timestamps") == true,
                    limit: min(1 << 20, call.state.limits.largestText - 64)))
        }
    }

    private static var exec: HostFunction {
        let command = Record(
            "host.docker.Command", "What to run in a container.",
            [
                .required("argv", .list(.text()), "The program and its arguments."),
                .optional("env", .map(.text()), "Variables besides the container's own."),
                .optional("directory", .text(max: 4096), "Where it runs."),
                .optional("user", .text(max: 100), "As whom; as the container's own, if left out."),
                .optional("deadline", .duration, "How long it is waited for; it is not ended then."),
            ])
        let result = Record(
            "host.docker.Result", "How a program ended and what it wrote.",
            [
                .required("ok", .boolean, "Whether its exit code is 0."),
                .required("code", .integer(), "Its exit code."), .required("stdout", .text(), "What it wrote."),
                .required("stderr", .text(), "What it wrote as errors."),
            ])
        return HostFunction(
            waiting: "exec", "Runs a program in a container of ours, to its end.",
            [name, .required("command", .record(command), "What to run.")],
            results: [.required("result", .record(result), "How it ended.")],
            example: #"local result = assert(containers:exec("job-1", { argv = { "df", "-h" } }))"#
        ) { call in
            let options = call.options("command")
            let limit = min(1 << 20, call.state.limits.largestText - 64)
            let container = try await engine(of: call).own(container: call.text("name"))
            // Without one of its own it has the caller's.
            let end = try await ScriptStream.by(options.duration("deadline").map { Instant.clock + $0 }) {
                try await container.execute(
                    options.list("argv"), user: options.text("user"), directory: options.text("directory"),
                    environment: options.texts("env"), limit: limit)
            }
            return [
                "ok": .bool(end.code == 0), "code": .integer(Int64(end.code)), "stdout": .bytes(end.output),
                "stderr": .bytes(end.errors),
            ]
        }
    }

    private static var stats: HostFunction {
        let use = Record(
            "host.docker.Use", "What a container uses.",
            [
                .optional("memory", .integer(), "Bytes, without what the kernel could drop."),
                .optional("memory_limit", .integer(), "How many it may."),
                .optional("cpu", .number(), "Seconds of processor time since its start."),
                .optional("processes", .integer(), "Processes and threads."),
            ])
        return HostFunction(
            waiting: "stats", "What a container uses at the moment; of one that does not run nothing is known.", [name],
            results: [.required("use", .record(use), "What it uses.")]
        ) { call in
            let use = try await engine(of: call).use(of: call.text("name"))
            return [
                "memory": use.memory.map { .integer(Int64($0)) } ?? .nil,
                "memory_limit": use.memoryLimit.map { .integer(Int64($0)) } ?? .nil,
                "cpu": use.cpuTime.map { .number($0.inSeconds) } ?? .nil,
                "processes": use.processes.map { .integer(Int64($0)) } ?? .nil,
            ]
        }
    }

    private static var wait: HostFunction {
        HostFunction(
            waiting: "wait", "Waits until a container does not run.", [name],
            results: [.required("code", .integer(), "Its exit code.")]
        ) { call in .integer(Int64(try await engine(of: call).end(of: call.text("name")))) }
    }
}
