import LuaBridge

extension HostModule {
    /// The Docker Engine of the settings.
    public static func docker(_ world: World) -> HostModule {
        let containers = LuaClass<DockerContainers>("host.docker.Containers")
        let images = LuaClass<DockerImages>("host.docker.Images")
        let networks = LuaClass<DockerNetworks>("host.docker.Networks")
        let volumes = LuaClass<DockerVolumes>("host.docker.Volumes")
        let events = LuaClass<DockerEvents>("host.docker.EventStream")
        return HostModule(
            "docker",
            "The Docker Engine that runners are on. Everything in it can be looked at; only what bears Perigee's labels can "
                + "be changed, and what is made here bears them.",
            [
                DockerModule.group("containers", "Its containers", containers) {
                    DockerContainers(try DockerModule.engine(world))
                },
                DockerModule.group("images", "Its images", images) {
                    DockerImages(try DockerModule.engine(world), roots: world.roots)
                },
                DockerModule.group("networks", "Its networks", networks) {
                    DockerNetworks(try DockerModule.engine(world))
                },
                DockerModule.group("volumes", "Its volumes", volumes) { DockerVolumes(try DockerModule.engine(world)) },
                DockerModule.events(events, world), DockerModule.df(world), DockerModule.ping(world),
            ],
            classes: [
                HostClass(containers, "The containers of the engine.", DockerContainers.methods),
                HostClass(images, "The images of the engine.", DockerImages.methods),
                HostClass(networks, "The networks of the engine.", DockerNetworks.methods),
                HostClass(volumes, "The volumes of the engine.", DockerVolumes.methods),
                HostClass(events, "What happens in the engine, by `for` or by calling it.", DockerModule.eventMethods),
            ])
    }
}

/// What `host.docker` does itself.
@Loop
enum DockerModule {
    static func engine(_ world: World) throws -> DockerEngine {
        guard let engine = world.docker else {
            throw Fault(.unavailable, "there is no Docker Engine here", hint: "set DOCKER_HOST", isRetryable: false)
        }
        return engine
    }

    static let done = Field.required("done", .boolean, "True.")

    static func group<Object: AnyObject>(
        _ name: String, _ what: String, _ type: LuaClass<Object>, _ make: @escaping @Loop () throws -> Object
    ) -> HostFunction {
        HostFunction(
            name, "\(what), as a group of functions. Nothing is asked of it yet.",
            results: [.required(name, .object(type.name), "The functions.")], canFail: true,
            example: "local list = assert(docker.\(name)():list())"
        ) { _ in type.value(try make()) }
    }

    static func ping(_ world: World) -> HostFunction {
        let answer = Record(
            "host.docker.Engine", "What the engine says of itself.",
            [
                .required("api", .text(), "The API's version that is spoken with it."),
                .required("version", .text(), "The engine's own."), .required("name", .text(), "Its machine's name."),
                .required("system", .text(), "Its machine's system."),
                .required("cpus", .integer(), "Processors of its machine."),
                .required("memory", .integer(), "Memory of its machine."),
                .required("rootless", .boolean, "Whether it runs without root."),
            ])
        return HostFunction(
            waiting: "ping", "Whether the engine answers, and as what.",
            results: [.required("engine", .record(answer), "What it says of itself.")]
        ) { _ in
            let docker = try engine(world)
            let version = try await docker.version()
            let info = try await docker.info()
            return [
                "api": .string("\(version)"), "version": .string(info.version), "name": .string(info.name),
                "system": .string(info.system), "cpus": .integer(Int64(info.processors)),
                "memory": .integer(Int64(info.memory)), "rootless": .bool(info.isRootless),
            ]
        }
    }

    static func df(_ world: World) -> HostFunction {
        let usage = Record(
            "host.docker.Usage", "Bytes on the engine's disk.",
            [
                .required("layers", .integer(), "Of all images together."),
                .required("images", .map(.integer()), "By tag, or id where there is none. Layers are shared."),
                .required("containers", .map(.integer()), "What they wrote outside of volumes, by name."),
                .required("volumes", .map(.integer()), "By name."),
                .required("build_cache", .integer(), "Of builds."),
            ])
        return HostFunction(
            waiting: "df", "Measures what takes the engine's disk. That may take minutes.",
            results: [.required("usage", .record(usage), "The bytes.")]
        ) { _ in
            let usage = try await engine(world).usage()
            return [
                "layers": .integer(Int64(usage.layers)), "images": DockerTables.sizes(usage.images),
                "containers": DockerTables.sizes(usage.containers), "volumes": DockerTables.sizes(usage.volumes),
                "build_cache": .integer(Int64(usage.buildCache)),
            ]
        }
    }

    // MARK: events

    private static let filter = Record(
        "host.docker.EventFilter", "Which events.",
        [
            .optional("since", .number(), "Also those from this moment on, in seconds since 1970."),
            .optional("until", .number(), "None after this moment; then the loop ends."),
            .optional("types", .list(.text()), "As \"container\", \"network\", \"volume\", \"image\"."),
            .optional("labels", .list(.text()), "Of objects with these labels, each `name` or `name=value`."),
        ])

    static func events(_ type: LuaClass<DockerEvents>, _ world: World) -> HostFunction {
        HostFunction(
            iterating: "events", "What happens in the engine. It ends when the engine does; list again after that.",
            [.optional("filter", .record(filter), "Which events; all from now on, if left out.")],
            results: [.required("events", .object(type.name), "Gives an event at each call.")],
            example: #"for event in docker.events { types = { "container" } } do log.info(event.action) end"#
        ) { call in
            let options = call.options("filter")
            return type.value(
                try await engine(world).events(
                    since: options.number("since"), until: options.number("until"), types: options.list("types"),
                    labels: options.list("labels")))
        }
    }

    private static func next(_ call: HostCall) async throws -> LuaValue {
        guard let event = try await (call.receiver as! DockerEvents).next() else { return .nil }
        return [
            "type": .string(event.type), "action": .string(event.action), "id": .string(event.id),
            "attributes": DockerTables.texts(event.attributes), "time": .number(event.time),
        ]
    }

    private static let event = Record(
        "host.docker.Event", "Something that happened to an object.",
        [
            .required("type", .text(), "\"container\", \"network\", \"volume\", \"image\" or \"daemon\"."),
            .required("action", .text(), "As \"create\", \"start\", \"die\", \"oom\", \"destroy\"."),
            .required("id", .text(), "The object's id."),
            .required("attributes", .map(.text()), "Its name and labels; of the end of a container its exitCode."),
            .required("time", .number(), "When, in seconds since 1970."),
        ])

    static var eventMethods: [HostFunction] {
        HostFunction.iterator(over: event) { call in
            try await next(call)
        } close: {
            ($0 as! DockerEvents).close()
        }
    }
}
