import Runtime

/// Runners as containers of a Docker Engine: each sees its own workspace and nobody else's, on a network of its own, as a
/// user without rights, within its limits.
@Loop
final class ContainerBackend: RunnerBackend {
    let mode = RunnerMode.container
    private let docker: DockerEngine
    private let settings: ContainerSettings
    private let log: Log
    private let networks: RunnerNetworks
    /// Of its own: what a start has to take back must not be broken off by those who wait for it.
    private let scope: Scope
    private var known: ContainerSurroundings?
    /// Names of runners whose containers are being made.
    private var starting: Set<String> = []

    init(_ docker: DockerEngine, _ settings: ContainerSettings, log: Log) {
        self.docker = docker
        self.settings = settings
        self.log = log
        networks = RunnerNetworks(docker: docker, pool: settings.subnets)
        scope = Scope("containers") { task, error in log.error("task failed", Fault(error), ["task": LogValue(task)]) }
    }

    /// Waits for starts that are taking back what they made.
    func close() async { await scope.close(grace: .seconds(60)) }

    // MARK: starting

    func start(_ spec: RunnerSpec, onProgress: @escaping @Loop (String) -> Void) async throws -> RunnerPlace {
        let surroundings = try await surroundings()
        let image = try await image(spec.image, onProgress)
        try await clear(spec.name, surroundings)
        let folders = RunnerFolders(workspace: spec.directory, privateDirectory: spec.privateDirectory)
        let owner = surroundings.owner
        try await BlockingPool.shared.run("preparing \(spec.name)") { try folders.prepare(owner: owner) }
        let given = spec.network ?? (settings.network.isEmpty ? nil : settings.network)
        if let given { try await check(network: given) }
        let plan = RunnerPlan(
            spec: spec, image: image, user: surroundings.user, isReadOnly: settings.isReadOnly,
            network: given ?? spec.name, isPublished: surroundings.ownContainer == nil, token: Random.token(bytes: 12),
            mounts: try await mounts(spec, surroundings))
        onProgress("starting the container")
        starting.insert(spec.name)
        defer { starting.remove(spec.name) }
        let start = ContainerStart(docker, networks, plan, surroundings, ownsNetwork: given == nil, log: log)
        return try await start.value(in: scope, within: settings.patience)
    }

    private func surroundings() async throws -> ContainerSurroundings {
        if let known { return known }
        let found = try await ContainerSurroundings.look(docker, settings)
        if found.ownContainer == nil, !docker.address.isHere {
            log.warning(
                "\(docker.address.name) may be another machine: its containers listen on its own loopback address, and see "
                    + "its own directories",
                ["hint": "run Perigee in a container of that engine"])
        }
        known = found
        return found
    }

    /// The very image, so that a tag which moves changes nothing under a runner's feet.
    private func image(_ name: String, _ onProgress: (String) -> Void) async throws -> DockerImage {
        do {
            return try await docker.image(name)
        } catch let fault as Fault where fault.kind == .notFound {
            onProgress("pulling the image \(name)")
            return try await docker.pull(name, onProgress: onProgress)
        }
    }

    /// Ends what bears the name already, if it is ours.
    private func clear(_ name: String, _ surroundings: ContainerSurroundings) async throws {
        do {
            let former = try await docker.own(container: name)
            try await former.stop(grace: .seconds(5))
            try await former.remove()
        } catch let fault as Fault where fault.kind == .notFound {
        } catch let fault as Fault where fault.kind == .conflict {
            throw Fault(
                .conflict, fault.message, hint: "no runner can be started while it has this name: remove or rename it")
        }
    }

    private func check(network name: String) async throws {
        do {
            _ = try await docker.network(name)
        } catch let fault as Fault where fault.kind == .notFound {
            throw Fault(
                .notFound, "there is no container network `\(name)` for runners",
                hint:
                    "make it with `docker network create \(name)`, or empty RUNNER_NETWORK so that each runner gets its "
                    + "own")
        }
    }

    private func mounts(
        _ spec: RunnerSpec, _ surroundings: ContainerSurroundings
    ) async throws -> [ContainerOrder.Mount] {
        var mounts: [ContainerOrder.Mount] = []
        for (path, target) in RunnerPlan.places(spec) {
            mounts.append(.init(try await source(path, surroundings), at: target))
        }
        for mount in spec.mounts {
            let source: ContainerOrder.Mount.Source =
                mount.source.hasPrefix("/")
                ? try await source(mount.source, surroundings) : .volume(mount.source, subpath: nil)
            mounts.append(.init(source, at: mount.target, isReadOnly: mount.isReadOnly))
        }
        return mounts
    }

    private func source(
        _ path: String, _ surroundings: ContainerSurroundings
    ) async throws -> ContainerOrder.Mount.Source {
        let (source, rest) = try surroundings.map.place(of: path)
        let takesSubpaths = try await docker.version() >= DockerVersion.volumeSubpath
        switch MountMap.Part(source, rest, takesSubpaths: takesSubpaths) {
        case .mount(let source): return source
        case .byPlace(let name, let rest): return try MountMap.Part.directory(in: await docker.volume(name), rest)
        }
    }

    // MARK: what became of it

    func presence(of place: RunnerPlace) async throws -> RunnerPresence {
        do {
            let details = try await docker.container(place.identity)
            switch details.state {
            case "running": return .up
            case "paused", "restarting", "removing", "dead": return .stuck("the container is \(details.state)")
            default: return .gone
            }
        } catch let fault as Fault where fault.kind == .notFound {
            return .gone
        }
    }

    func end(of place: RunnerPlace) async throws -> RunnerEnd {
        while true {
            do {
                _ = try await Deadline.within(.seconds(300)) { try await docker.end(of: place.identity) }
                return try await reason(place)
            } catch let fault as Fault where fault.kind == .notFound {
                return RunnerEnd(reason: "the container was removed")
            } catch let fault as Fault where fault.isRetryable {
                // An engine that is gone takes no container with it; it is asked again once it is back.
                try await Loop.sleep(for: .milliseconds(500))
            }
        }
    }

    private func reason(_ place: RunnerPlace) async throws -> RunnerEnd {
        let details = try await docker.container(place.identity)
        if details.wasOutOfMemory { return RunnerEnd(reason: "killed: out of memory", wasOutOfMemory: true) }
        if !details.error.isEmpty { return RunnerEnd(reason: details.error) }
        // As a shell says it: 128 and the number of the signal.
        let signal = details.exitCode - 128
        return RunnerEnd(
            reason: (1...64).contains(signal) ? "ended by signal \(signal)" : "exit code \(details.exitCode)")
    }

    func stop(_ place: RunnerPlace, grace: Duration) async throws {
        let container: OwnContainer
        do {
            container = try await docker.own(container: place.identity)
        } catch let fault as Fault where fault.kind == .notFound {
            return try await sweep()
        }
        let joined = try await container.details().networks
        do {
            // Docker thaws nothing by itself, and what is paused hears no signal.
            if try await container.details().state == "paused" { try await container.unpause() }
            try await container.stop(grace: grace)
            try await container.remove()
        } catch let fault as Fault where fault.kind == .notFound {}
        if joined[container.name] != nil { try await removeNetwork(container.name) }
    }

    /// Most of them end together, because Docker is being stopped; and of a network whose removal it does not finish then,
    /// Docker 20.10 fails when it starts again. So this waits until a Docker on its way down is down, and then for its return.
    func clearAway(_ place: RunnerPlace) async throws {
        while true {
            try await Loop.sleep(for: settings.shutdown)
            do {
                return try await stop(place, grace: .zero)
            } catch let fault as Fault where fault.isRetryable {
                // It is not back yet.
            }
        }
    }

    func sweep() async throws {
        try await networks.sweep(keeping: starting, ownContainer: try await surroundings().ownContainer)
    }

    private func removeNetwork(_ name: String) async throws {
        do {
            try await networks.remove(name, ownContainer: try await surroundings().ownContainer)
        } catch let fault as Fault where fault.kind == .conflict {
            log.warning("a runner's network stays: \(fault.message)", ["network": LogValue(name)])
        }
    }

    // MARK: looking

    func log(of place: RunnerPlace, lines: Int) async throws -> String {
        try await docker.log(of: place.identity, lines: lines)
    }

    func use(of place: RunnerPlace) async throws -> RunnerUse {
        let use = try await docker.use(of: place.identity)
        return RunnerUse(memory: use.memory, cpuTime: use.cpuTime, processes: use.processes)
    }

    func found() async throws -> [FoundRunner] {
        let containers = try await docker.containers(
            all: true, labels: ["\(RunnerLabel.runner)=true", DockerMark.ownerLabel])
        return containers.map { container in
            FoundRunner(
                identity: container.id, name: container.name, workspace: container.labels[RunnerLabel.workspace] ?? "",
                signature: container.labels[RunnerLabel.signature] ?? "",
                owner: container.labels[DockerMark.ownerLabel] ?? "", started: container.created,
                isUp: container.isRunning)
        }
    }
}
