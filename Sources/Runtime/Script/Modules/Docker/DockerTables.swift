import LuaBridge

/// Docker's objects as scripts see them. Moments are seconds since 1970. Nobody's environment is among them.
enum DockerTables {
    static let port = Record(
        "host.docker.Port", "A port of a container.",
        [
            .required("inner", .integer(), "In the container."),
            .optional("outer", .integer(), "On the machine, where it is published."),
            .optional("host", .text(), "The machine's address for it."),
        ])

    static let container = Record(
        "host.docker.Container", "A container.",
        [
            .required("id", .text(), "Its id."), .required("name", .text(), "Its name."),
            .required("image", .text(), "Its image, as it was named then."),
            .required("labels", .map(.text()), "Its labels."),
            .required("ours", .boolean, "Whether it may be changed."),
            .required(
                "state", .text(),
                "\"created\", \"running\", \"paused\", \"restarting\", \"removing\", \"exited\" or \"dead\"."),
            .required("created", .number(), "When it was made."),
            .required("ports", .list(.record(port)), "Its ports."),
            .optional("status", .text(), "The state for people, as \"Up 2 hours\"; in lists."),
            .optional("exit_code", .integer(), "How it ended; when it was inspected."),
            .optional("out_of_memory", .boolean, "Whether it was ended for lack of memory; when it was inspected."),
            .optional("error", .text(), "Why it did not start; when it was inspected."),
            .optional("started", .number(), "When it was started; when it was inspected."),
            .optional("finished", .number(), "When it ended; when it was inspected."),
            .optional("networks", .map(.text()), "Its address on each network; when it was inspected."),
        ])

    static func value(_ container: DockerContainer, _ mark: DockerMark) -> LuaValue {
        [
            "id": .string(container.id), "name": .string(container.name), "image": .string(container.image),
            "labels": texts(container.labels), "ours": .bool(mark.isOurs(container.labels)),
            "state": .string(container.state), "status": .string(container.status),
            "created": .number(container.created), "ports": .array(container.ports.map(value)),
        ]
    }

    static func value(_ container: DockerContainerDetails, _ mark: DockerMark) -> LuaValue {
        [
            "id": .string(container.id), "name": .string(container.name), "image": .string(container.image),
            "labels": texts(container.labels), "ours": .bool(mark.isOurs(container.labels)),
            "state": .string(container.state), "created": .number(container.created),
            "ports": .array(container.ports.map(value)), "exit_code": .integer(Int64(container.exitCode)),
            "out_of_memory": .bool(container.wasOutOfMemory),
            "error": container.error.isEmpty ? .nil : .string(container.error),
            "started": container.started.map { .number($0) } ?? .nil,
            "finished": container.finished.map { .number($0) } ?? .nil,
            "networks": texts(container.networks.mapValues(\.address)),
        ]
    }

    private static func value(_ port: DockerPort) -> LuaValue {
        [
            "inner": .integer(Int64(port.inner)), "outer": port.outer.map { .integer(Int64($0)) } ?? .nil,
            "host": port.host.map { .string($0) } ?? .nil,
        ]
    }

    static let image = Record(
        "host.docker.Image", "An image.",
        [
            .required("id", .text(), "Its id, as \"sha256:…\", which never means another one."),
            .required("tags", .list(.text()), "Its names."),
            .required("digests", .list(.text()), "Its names at the registries that it came from."),
            .required("labels", .map(.text()), "Its labels."),
            .required("ours", .boolean, "Whether it may be removed."),
            .required("bytes", .integer(), "Its size, with layers that others share."),
            .required("created", .number(), "When it was built."),
        ])

    static func value(_ image: DockerImage, _ mark: DockerMark) -> LuaValue {
        [
            "id": .string(image.id), "tags": list(image.tags), "digests": list(image.digests),
            "labels": texts(image.labels), "ours": .bool(mark.isOurs(image.labels)),
            "bytes": .integer(Int64(image.bytes)), "created": .number(image.created),
        ]
    }

    static let network = Record(
        "host.docker.Network", "A network.",
        [
            .required("id", .text(), "Its id."), .required("name", .text(), "Its name."),
            .required("driver", .text(), "As \"bridge\"."), .required("labels", .map(.text()), "Its labels."),
            .required("ours", .boolean, "Whether it may be changed."),
            .required("internal", .boolean, "Whether it has no way out."),
            .required("subnets", .list(.text()), "As \"172.18.0.0/16\"."),
            .required("containers", .map(.text()), "Ids of the containers on it, by name; when it was inspected."),
        ])

    static func value(_ network: DockerNetwork, _ mark: DockerMark) -> LuaValue {
        [
            "id": .string(network.id), "name": .string(network.name), "driver": .string(network.driver),
            "labels": texts(network.labels), "ours": .bool(mark.isOurs(network.labels)),
            "internal": .bool(network.isInternal), "subnets": list(network.subnets),
            "containers": texts(network.containers),
        ]
    }

    static let volume = Record(
        "host.docker.Volume", "A volume.",
        [
            .required("name", .text(), "Its name."), .required("driver", .text(), "As \"local\"."),
            .required("mountpoint", .text(), "Where it is on the engine's machine."),
            .required("labels", .map(.text()), "Its labels."),
            .required("ours", .boolean, "Whether it may be removed."),
            .optional("created", .number(), "When it was made."),
        ])

    static func value(_ volume: DockerVolume, _ mark: DockerMark) -> LuaValue {
        [
            "name": .string(volume.name), "driver": .string(volume.driver), "mountpoint": .string(volume.mountpoint),
            "labels": texts(volume.labels), "ours": .bool(mark.isOurs(volume.labels)),
            "created": volume.created.map { .number($0) } ?? .nil,
        ]
    }

    // MARK: parts

    static func texts(_ texts: [String: String]) -> LuaValue {
        .table(Dictionary(uniqueKeysWithValues: texts.map { (LuaKey.string($0.key), LuaValue.string($0.value)) }))
    }

    static func sizes(_ sizes: [String: Int]) -> LuaValue {
        .table(
            Dictionary(uniqueKeysWithValues: sizes.map { (LuaKey.string($0.key), LuaValue.integer(Int64($0.value))) }))
    }

    private static func list(_ texts: [String]) -> LuaValue { .array(texts.map { .string($0) }) }
}

extension HostOptions {
    /// The texts of a table, by name.
    func texts(_ name: String) -> [String: String] {
        Dictionary(options(name).pairs.map { ($0.name, $0.value.string ?? "") }) { _, last in last }
    }
}
