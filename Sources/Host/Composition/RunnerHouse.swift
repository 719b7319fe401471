import Glibc
import Runtime

/// Where agents run here, chosen and opened.
@Loop
struct RunnerHouse {
    let choice: RunnerMode.Choice
    /// Nil when no agent is connected.
    let pool: (any RunnerPool)?
    /// The same for who works with agents.
    let fresh: FreshRunners?

    var mode: RunnerMode { choice.mode }

    /// A runner of our own is given its keys when it is started; a shared server reads files.
    var keyDelivery: KeyDelivery { mode == .container || mode == .process ? .environment : .files }

    static func open(_ house: House, scope: Scope) async throws -> RunnerHouse {
        let (settings, log) = (house.settings, house.log.part("runners"))
        let backends = RunnerBackends(settings: settings, docker: house.docker!)
        let choice = try await RunnerMode.chosen(settings) { await backends.obstacle(to: $0) }
        log.info(
            "how agents run", ["mode": LogValue(choice.mode.rawValue), "reason": LogValue(choice.reason)])
        switch choice.mode {
        case .shared:
            let shared = try SharedRunners(settings, client: house.client!, log: log, scope: scope)
            house.runnerDesk.runners = shared
            return RunnerHouse(choice, shared, settings, log, scope)
        case .container, .process:
            let own = try await own(choice.mode, backends, house, log, scope)
            house.runnerDesk.runners = own
            return RunnerHouse(choice, own, settings, log, scope)
        case .auto, .rehearsal: return RunnerHouse(choice, nil, settings, log, scope)
        }
    }

    private init(
        _ choice: RunnerMode.Choice, _ pool: (any RunnerPool)?, _ settings: Settings, _ log: Log, _ scope: Scope
    ) {
        self.choice = choice
        self.pool = pool
        fresh = pool.map {
            FreshRunners($0, idle: settings[SettingTable.runnerIdleTimeout], log: log, scope: scope)
        }
    }

    private static func own(
        _ mode: RunnerMode, _ backends: RunnerBackends, _ house: House, _ log: Log, _ scope: Scope
    ) async throws -> OwnRunners {
        let (settings, access, client) = (house.settings, house.access!, house.client!)
        let book = try await RunnerBook.open(house.store!, sealer: access.encryption.sealer, log: log)
        let workspaces = access.workspaces
        let backend = try await backends.make(
            mode, owner: book.owner, workspaceRoot: workspaces.places.root, log: log)
        let rules = MountRules(
            allowed: settings[SettingTable.runnerMounts], guarded: [house.directory.path, workspaces.places.root])
        let planner = RunnerPlanner(
            mode, backends.defaults(mode), policy: RunnerPolicy(house.scripts!), mounts: rules,
            privateRoot: house.directory.runners
        ) { workspace in
            let keys = try await workspaces.effectiveKeys(of: workspace.id)
            return Dictionary(
                uniqueKeysWithValues: keys.providers.compactMap { provider in
                    keys[provider].map { (provider.variable, $0) }
                })
        }
        let changes = house.telemetry?.metrics.counters(
            "perigee_runner_changes_total", "What runners have become.", labels: ["state"])
        return try await OwnRunners.open(
            backend, book, planner: planner, workspaces: workspaces, limits: settings.runnerLimits,
            connect: { place in
                OpencodeServer(
                    try WebAddress(place.address), password: place.password, client: client, log: log, scope: scope)
            },
            onChange: { [board = house.board] name, state in
                changes?.with(state.rawValue).add()
                board.tell(runner: name, state.rawValue)
            }, log: log, scope: scope)
    }
}
