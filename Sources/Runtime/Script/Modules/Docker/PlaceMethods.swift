import LuaBridge

/// The networks of an engine, as a group of functions.
@Loop
final class DockerNetworks {
    private let engine: DockerEngine

    init(_ engine: DockerEngine) { self.engine = engine }

    private static func engine(of call: HostCall) -> DockerEngine { (call.receiver as! DockerNetworks).engine }

    private static let name = Field.required("name", .text(max: 255), "Its name or id.")
    private static let one = Field.required("network", .record(DockerTables.network), "The network.")
    private static let container = Field.required("container", .text(max: 255), "The container, by name or id.")

    private static let order = Record(
        "host.docker.NetworkOrder", "A network to be made.",
        [
            .required("name", .text(max: 255), "Its name."),
            .optional("labels", .map(.text()), "Labels besides Perigee's."),
            .optional("internal", .boolean, "Without a way out."),
            .optional("subnet", .text(max: 50), "As \"10.7.0.0/24\"; the engine chooses one, if left out."),
        ])

    static var methods: [HostFunction] {
        [
            HostFunction(
                waiting: "list", "Lists networks.",
                results: [.required("networks", .list(.record(DockerTables.network)), "All of them.")]
            ) { call in
                let engine = engine(of: call)
                return .array(try await engine.networks().map { DockerTables.value($0, engine.mark) })
            },
            HostFunction(waiting: "inspect", "Returns a network and who is on it.", [name], results: [one]) { call in
                let engine = engine(of: call)
                return DockerTables.value(try await engine.network(call.text("name")), engine.mark)
            },
            HostFunction(
                waiting: "create", "Makes a bridge network that bears Perigee's labels.",
                [.required("order", .record(order), "What it is to be.")], results: [one]
            ) { call in
                let engine = engine(of: call)
                let options = call.options("order")
                let made = try await engine.create(
                    network: options.text("name")!, labels: options.texts("labels"),
                    isInternal: options.bool("internal") == true, subnet: options.text("subnet"))
                return DockerTables.value(try await engine.network(made.id), engine.mark)
            },
            HostFunction(
                waiting: "connect", "Puts a container, whoever's, on a network of ours.", [name, container],
                results: [DockerModule.done]
            ) { call in
                try await engine(of: call).own(network: call.text("name")).connect(call.text("container"))
                return true
            },
            HostFunction(
                waiting: "disconnect", "Takes a container off a network of ours.", [name, container],
                results: [DockerModule.done]
            ) { call in
                try await engine(of: call).own(network: call.text("name")).disconnect(call.text("container"))
                return true
            },
            HostFunction(
                waiting: "remove", "Removes a network of ours that nobody is on.", [name], results: [DockerModule.done]
            ) { call in
                try await engine(of: call).own(network: call.text("name")).remove()
                return true
            },
        ]
    }
}

/// The volumes of an engine, as a group of functions.
@Loop
final class DockerVolumes {
    private let engine: DockerEngine

    init(_ engine: DockerEngine) { self.engine = engine }

    private static func engine(of call: HostCall) -> DockerEngine { (call.receiver as! DockerVolumes).engine }

    private static let name = Field.required("name", .text(max: 255), "Its name.")
    private static let one = Field.required("volume", .record(DockerTables.volume), "The volume.")

    private static let order = Record(
        "host.docker.VolumeOrder", "A volume to be made.",
        [
            .required("name", .text(max: 255), "Its name."),
            .optional("labels", .map(.text()), "Labels besides Perigee's."),
        ])

    static var methods: [HostFunction] {
        [
            HostFunction(
                waiting: "list", "Lists volumes.",
                results: [.required("volumes", .list(.record(DockerTables.volume)), "All of them.")]
            ) { call in
                let engine = engine(of: call)
                return .array(try await engine.volumes().map { DockerTables.value($0, engine.mark) })
            },
            HostFunction(waiting: "inspect", "Returns a volume.", [name], results: [one]) { call in
                let engine = engine(of: call)
                return DockerTables.value(try await engine.volume(call.text("name")), engine.mark)
            },
            HostFunction(
                waiting: "create", "Makes a volume that bears Perigee's labels, or returns ours of that name.",
                [.required("order", .record(order), "What it is to be.")], results: [one]
            ) { call in
                let engine = engine(of: call)
                let options = call.options("order")
                let made = try await engine.create(volume: options.text("name")!, labels: options.texts("labels"))
                return DockerTables.value(try await engine.volume(made.name), engine.mark)
            },
            HostFunction(
                waiting: "remove", "Removes a volume of ours that nobody uses, with what is in it.", [name],
                results: [DockerModule.done]
            ) { call in
                try await engine(of: call).own(volume: call.text("name")).remove()
                return true
            },
        ]
    }
}
