/// A container as a list shows it.
public struct DockerContainer: Sendable, Equatable {
    public let id: String
    /// Without the slash that Docker puts before it.
    public let name: String
    /// As it was named when the container was made.
    public let image: String
    public let labels: [String: String]
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    public let state: String
    /// The same for people, as `Up 2 hours`.
    public let status: String
    /// Seconds since 1970.
    public let created: Double
    public let ports: [DockerPort]

    public var isRunning: Bool { state == "running" }

    init(_ view: JSONView) {
        id = view["Id"].string ?? ""
        name = String((view["Names"][0].string ?? "").drop { $0 == "/" })
        image = view["Image"].string ?? ""
        labels = view["Labels"].textMap
        state = view["State"].string ?? ""
        status = view["Status"].string ?? ""
        created = view["Created"].number ?? 0
        ports = view["Ports"].elements.compactMap { port in
            port["PrivatePort"].integer.map {
                DockerPort(inner: $0, outer: port["PublicPort"].integer, host: port["IP"].string)
            }
        }
    }
}

/// A port of a container, and where the machine has it.
public struct DockerPort: Sendable, Equatable {
    public let inner: Int
    /// Nil when it is not published.
    public let outer: Int?
    public let host: String?
}

/// A container as inspecting shows it.
public struct DockerContainerDetails: Sendable, Equatable {
    public struct Endpoint: Sendable, Equatable {
        public let networkID: String
        /// Empty while the container does not run.
        public let address: String
        /// The engine's own address on that network; empty when it has none there.
        public let gateway: String
    }

    /// What is mounted, as the engine's own machine sees it.
    public struct Mount: Sendable, Equatable {
        /// `bind`, `volume` or `tmpfs`.
        public let type: String
        /// Of a volume.
        public let name: String?
        public let source: String
        public let target: String
        public let isWritable: Bool
    }

    public let id: String
    public let name: String
    public let labels: [String: String]
    public let image: String
    /// The very image, as `sha256:…`.
    public let imageID: String
    /// The user that its image or its maker named.
    public let user: String
    public let state: String
    public let exitCode: Int
    public let wasOutOfMemory: Bool
    /// Why it did not start.
    public let error: String
    public let hasTerminal: Bool
    /// Seconds since 1970.
    public let created: Double
    public let started: Double?
    public let finished: Double?
    public let ports: [DockerPort]
    public let networks: [String: Endpoint]
    public let mounts: [Mount]

    public var isRunning: Bool { state == "running" }

    init(_ view: JSONView) {
        let stateView = view["State"]
        let config = view["Config"]
        id = view["Id"].string ?? ""
        name = String((view["Name"].string ?? "").drop { $0 == "/" })
        labels = config["Labels"].textMap
        image = config["Image"].string ?? ""
        imageID = view["Image"].string ?? ""
        user = config["User"].string ?? ""
        state = stateView["Status"].string ?? ""
        exitCode = stateView["ExitCode"].integer ?? 0
        wasOutOfMemory = stateView["OOMKilled"].bool ?? false
        error = stateView["Error"].string ?? ""
        hasTerminal = config["Tty"].bool ?? false
        created = view["Created"].moment ?? 0
        started = stateView["StartedAt"].moment
        finished = stateView["FinishedAt"].moment
        ports = DockerContainerDetails.ports(view["NetworkSettings"]["Ports"])
        networks = DockerContainerDetails.networks(view["NetworkSettings"]["Networks"])
        mounts = view["Mounts"].elements.map { mount in
            Mount(
                type: mount["Type"].string ?? "", name: mount["Name"].string, source: mount["Source"].string ?? "",
                target: mount["Destination"].string ?? "", isWritable: mount["RW"].bool ?? false)
        }
    }

    /// `{"4096/tcp": [{"HostIp": …, "HostPort": …}]}`, null where it is not published.
    private static func ports(_ view: JSONView) -> [DockerPort] {
        var ports: [DockerPort] = []
        for (key, places) in view.members {
            guard let inner = Int(key.prefix { $0 != "/" }) else { continue }
            if places.count == 0 { ports.append(DockerPort(inner: inner, outer: nil, host: nil)) }
            for place in places.elements {
                ports.append(
                    DockerPort(
                        inner: inner, outer: place["HostPort"].string.flatMap { Int($0) },
                        host: place["HostIp"].string))
            }
        }
        return ports.sorted { ($0.inner, $0.outer ?? 0) < ($1.inner, $1.outer ?? 0) }
    }

    private static func networks(_ view: JSONView) -> [String: Endpoint] {
        var networks: [String: Endpoint] = [:]
        for (name, endpoint) in view.members {
            networks[name] = Endpoint(
                networkID: endpoint["NetworkID"].string ?? "", address: endpoint["IPAddress"].string ?? "",
                gateway: endpoint["Gateway"].string ?? "")
        }
        return networks
    }
}

/// What a container uses at the moment.
public struct DockerContainerUse: Sendable, Equatable {
    /// Bytes, without what the kernel could drop.
    public let memory: Int?
    public let memoryLimit: Int?
    /// Since its start.
    public let cpuTime: Duration?
    public let processes: Int?

    init(_ view: JSONView) {
        let memory = view["memory_stats"]
        // The names of the two generations of control groups.
        let droppable = memory["stats"]["total_inactive_file"].integer ?? memory["stats"]["inactive_file"].integer
        self.memory = memory["usage"].integer.map { max(0, $0 - (droppable ?? 0)) }
        memoryLimit = memory["limit"].integer
        cpuTime = view["cpu_stats"]["cpu_usage"]["total_usage"].integer.map { .nanoseconds($0) }
        processes = view["pids_stats"]["current"].integer
    }
}
