import Runtime

/// One start of a runner's container. It goes on when its caller has gone, so that it can take back what it made: a
/// request that Docker is working on cannot be called back.
@Loop
final class ContainerStart {
    private let docker: DockerEngine
    private let networks: RunnerNetworks
    private var plan: RunnerPlan
    private let surroundings: ContainerSurroundings
    /// Whether the network is made for it.
    private let ownsNetwork: Bool
    private let log: Log
    private let outcome: Waiter<RunnerPlace>
    private let ended: Waiter<Void>

    init(
        _ docker: DockerEngine, _ networks: RunnerNetworks, _ plan: RunnerPlan, _ surroundings: ContainerSurroundings,
        ownsNetwork: Bool, log: Log
    ) {
        self.docker = docker
        self.networks = networks
        self.plan = plan
        self.surroundings = surroundings
        self.ownsNetwork = ownsNetwork
        self.log = log
        outcome = Waiter("starting the container \(plan.spec.name)")
        ended = Waiter("the end of starting the container \(plan.spec.name)")
    }

    func value(in scope: Scope, within patience: Duration) async throws -> RunnerPlace {
        scope.spawn("starting the container \(plan.spec.name)") { [self] in
            await Deadline.lifted { await run(patience) }
        }
        do {
            return try await outcome.value()
        } catch {
            // Nobody hears that it failed before nothing is left of it; that wait has an end, as its calls have.
            _ = try? await ended.settled()
            throw error
        }
    }

    private func run(_ patience: Duration) async {
        do {
            let place = try await Deadline.within(patience) { try await makeAtLast() }
            try stillWanted()
            outcome.finish(.success(place))
        } catch {
            await undo()
            outcome.finish(.failure(Fault(error)))
        }
        ended.finish(.success(()))
    }

    private func stillWanted() throws { if outcome.isFinished { throw Fault.cancelled } }

    /// What a process of ours that was killed had asked Docker for may be going on: it removes the network under us, makes
    /// another one of its name, or a container.
    private func makeAtLast() async throws -> RunnerPlace {
        var pause = Duration.milliseconds(200)
        while true {
            do {
                return try await make()
            } catch let fault as Fault where pause < .seconds(2) && [.notFound, .conflict].contains(fault.kind) {
                log.info("a start is tried again: \(fault.message)", ["runner": LogValue(plan.spec.name)])
            }
            try stillWanted()
            try await Loop.sleep(for: pause)
            pause = pause * 2
            do {
                try await clear()
            } catch let fault as Fault where fault.kind == .conflict && pause < .seconds(2) {
                // What is in the way is on its way out, or will be told by the next attempt.
            }
        }
    }

    private func clear() async throws {
        do {
            try await docker.own(container: plan.spec.name).remove()
        } catch let fault as Fault where fault.kind == .notFound {}
        if ownsNetwork { try await networks.remove(plan.network, ownContainer: surroundings.ownContainer) }
    }

    private func make() async throws -> RunnerPlace {
        var network: OwnNetwork?
        if ownsNetwork { network = try await networks.make(plan.network, labels: [RunnerLabel.runner: "true"]) }
        plan.networkID = network?.id
        try stillWanted()
        let container = try await create()
        try stillWanted()
        if let own = surroundings.ownContainer, let network { try await connect(own, to: network) }
        try await start(container)
        try stillWanted()
        return try await place(container)
    }

    /// Without a shell in the image there is no way for secrets but the environment.
    private func create() async throws -> OwnContainer {
        let container = try await docker.create(plan.order, name: plan.spec.name)
        guard plan.hidesSecrets, try await !docker.has("/bin/sh", in: container.id) else { return container }
        try await container.remove()
        plan.hidesSecrets = false
        log.warning(
            "the image has no /bin/sh, so that keys and the password stand in the container's environment, where "
                + "`docker inspect` shows them",
            ["image": LogValue(plan.spec.image), "runner": LogValue(plan.spec.name)])
        return try await docker.create(plan.order, name: plan.spec.name)
    }

    private func connect(_ own: String, to network: OwnNetwork) async throws {
        guard try await !docker.network(network.id).containers.values.contains(own) else { return }
        try await network.connect(own, aliases: ["perigee"])
    }

    private func start(_ container: OwnContainer) async throws {
        guard plan.hidesSecrets else { return try await container.start() }
        let lines = try SecretInput.lines(plan.spec.secrets)
        let input = try await container.input()
        defer { input.close() }
        try await container.start()
        lines.withUnsafeBytes { input.send($0) }
    }

    private func place(_ container: OwnContainer) async throws -> RunnerPlace {
        let details = try await container.details()
        guard details.isRunning else {
            let said = try await docker.log(of: container.id, lines: 5)
            throw Fault(
                .unavailable,
                "the container \(container.name) ended at once with exit code \(details.exitCode)"
                    + (said.isEmpty ? "" : ": \(said)"),
                hint: "does the image \(plan.spec.image) run as user \(plan.user), with a file system that can only be "
                    + "read? RUNNER_USER and RUNNER_READ_ONLY change that")
        }
        let password = plan.spec.secrets[RunnerSpec.passwordVariable] ?? Secret("")
        return RunnerPlace(
            mode: .container, identity: container.id, address: try address(details), password: password)
    }

    private func address(_ details: DockerContainerDetails) throws -> String {
        if plan.isPublished {
            if let direct = direct(details) { return direct }
            if let port = details.ports.first(where: { $0.inner == RunnerPlan.port })?.outer {
                return "http://127.0.0.1:\(port)"
            }
        } else if let address = details.networks[plan.network]?.address, !address.isEmpty {
            return "http://\(address):\(RunnerPlan.port)"
        }
        throw Fault(.unavailable, "Docker gave the container \(details.name) no address on the network \(plan.network)")
    }

    /// Its own address, where its bridge is on this machine: the published port is kept open by a program that ends with
    /// dockerd, and takes every stream through it along.
    private func direct(_ details: DockerContainerDetails) -> String? {
        guard surroundings.mayShareBridges, let end = details.networks[plan.network], !end.address.isEmpty,
            OwnAddresses.contain(end.gateway)
        else { return nil }
        return "http://\(end.address):\(RunnerPlan.port)"
    }

    /// Takes back what this start has made, and that alone.
    private func undo() async {
        do {
            try await Deadline.within(.seconds(30)) {
                do {
                    let container = try await docker.own(container: plan.spec.name)
                    guard container.labels[RunnerLabel.start] == plan.token else { return }
                    try await container.remove()
                } catch let fault as Fault where fault.kind == .notFound {}
                if ownsNetwork { try await networks.remove(plan.network, ownContainer: surroundings.ownContainer) }
            }
        } catch {
            log.warning(
                "a failed start left something behind, which the next clean-up finds by its labels",
                ["runner": LogValue(plan.spec.name), "why": LogValue(Fault(error).message)])
        }
    }
}
