import Runtime

/// The running program: its parts, in the one list that is the order of start and, backwards, the order of stop.
@Loop
final class House {
    let settings: Settings
    let log: Log
    let readiness = Readiness()
    let directory: StateDirectory
    let began = Loop.now

    private(set) var store: Store?
    private(set) var client: HTTPClient?
    private(set) var docker: DockerEngine?
    private(set) var server: Server?
    private(set) var telemetry: Telemetry?
    private(set) var scripts: Scripts?
    /// Of sessions that people hold open, which end before the server drains.
    let consoles: Scope
    private(set) var jobs: Jobs?
    private(set) var access: Access?
    private(set) var chatRoom: ChatRoom?
    private(set) var taskRoom: TaskRoom?
    private(set) var repos: RepoHouse?
    /// Where runners are asked about, at any time.
    let runnerDesk = RunnerDesk()
    /// Where it can be reached, for people.
    private(set) var addresses: [String] = []

    var runs: Runs? { chatRoom?.runs }
    private(set) var resources: Resources?
    private(set) var cleaning: Cleaning?
    /// What happens, for whoever watches.
    let board = EventBoard(now: Access.now)
    private var runNews: RunFeed?
    /// What scripts see of runs.
    let scriptRuns = ScriptRuns()

    private let scope: Scope

    init(_ settings: Settings) {
        self.settings = settings
        let log = Log(format: settings[SettingTable.logFormat], level: settings[SettingTable.logLevel])
        self.log = log
        directory = StateDirectory(path: settings.stateDirectory)
        scope = Scope("perigee") { task, error in log.error("task failed", Fault(error), ["task": LogValue(task)]) }
        consoles = scope.child("consoles")
        for secret in settings.secrets { log.secrets.add(secret) }
    }

    var parts: PartList {
        PartList([
            Part(name: "log", start: { [self] in log.surviveExit() }, stop: { [self] in _ = log.flush() }),
            Part(name: "state directory", start: { [self] in try directory.prepare() }, stop: {}),
            Part(name: "store", start: { [self] in try await openStore() }, stop: { [self] in await closeStore() }),
            Part(
                name: "keys and workspaces", start: { [self] in try await openAccess() },
                stop: { [self] in await closeAccess() }),
            Part(name: "HTTP client", start: { [self] in openClient() }, stop: { [self] in await closeClient() }),
            Part(name: "telemetry", start: { [self] in openTelemetry() }, stop: { [self] in await closeTelemetry() }),
            Part(
                name: "repositories", start: { [self] in try await openRepos() }, stop: { [self] in await closeRepos() }
            ),
            Part(
                name: "scripts", start: { [self] in try await openScripts() }, stop: { [self] in await closeScripts() }),
            Part(name: "runs", start: { [self] in try await openRuns() }, stop: { [self] in await closeRuns() }),
            Part(name: "server", start: { [self] in try await startServer() }, stop: { [self] in await stopServer() }),
        ])
    }

    private func openStore() async throws {
        let log = log.part("store")
        store = try await Store.open(directory.database, migrations: Schema.migrations) { fault in
            log.error("a write that nobody waited for was lost", fault)
        }
    }

    private func openAccess() async throws {
        access = try await Access.open(settings, store!, directory, log: log)
        resources = try await Resources.open(self, scope: scope)
    }

    private func closeAccess() async {
        await resources?.close()
        resources = nil
        access = nil
    }

    private func openClient() {
        client = HTTPClient()
    }

    private func openTelemetry() {
        telemetry = Telemetry(settings, log: log, client: client!, scope: scope)
    }

    private func openRepos() async throws {
        let clock = SystemClock()
        let house = try await RepoHouse.open(
            RepoHouse.Surroundings(
                settings: settings, store: store!, workspaces: access!.workspaces, client: client!, log: log,
                trashed: { Trash($0, clock: clock) }), scope: scope)
        house.worktrees.isAtWork = { [weak self] path in
            // Until runs are known all are at work.
            self?.runs?.isAtWork {
                let directory = $0.order.input.directory
                return directory == path
                    || $0.order.input.worktree?.inner != nil && path.hasPrefix(directory + "/")
            } ?? true
        }
        for source in house.diskSources { resources!.disk.register(source) }
        repos = house
    }

    private func closeRepos() async {
        await repos?.close()
        repos = nil
    }

    /// Jobs come first because scripts can ask for them, and stop first because they run scripts.
    private func openScripts() async throws {
        var world = try Scripting.world(
            settings, client: client!, values: StoredValues(store!, clock: SystemClock()), log: log,
            metrics: telemetry!.metrics)
        let docker = DockerEngine(
            try settings.docker(), mark: DockerMark(owner: try await Installation.id(store!)))
        self.docker = docker
        world.docker = docker
        world.query = { [store = store!] sql, parameters in
            try await store.readOnly(sql, parameters, limits: ReadOnlyLimits(views: Schema.scriptViews))
        }
        world.trashRoots = resources!.trashRoots(beside: repos?.repos.places.roots ?? [])
        let jobs = try await openJobs(world)
        var table = HostTable.standard(world)
        table.add(.jobs(jobs))
        table.add(.runs(scriptRuns))
        table.add(.workspaces(ScriptWorkspaces(access!.workspaces)))
        table.add(.runners(runnerDesk))
        table.add(.disk(resources!.scriptDisk))
        table.add(.users(resources!.scriptUsers))
        let git = ScriptGit(repos!, access!.workspaces)
        git.size = { [disk = resources!.disk] in disk.size("worktree", $0)?.usage.bytes }
        table.add(.git(git))
        table.add(.repos(git))
        let scripts = try Scripts(
            settings.scriptSources, table: table, limits: settings.scriptLimits, log: log.part("scripts"), scope: scope,
            lastGood: directory.lastGoodScripts, wallClock: { [clock = world.clock] in clock.now })
        if let fault = settings.lacksShippedScripts {
            log.part("scripts").warning(fault.message, ["hint": LogValue(fault.hint ?? "")])
        }
        telemetry!.observe(scripts)
        scripts.onSwap.append { [unowned jobs, board] in
            jobs.adopt($0)
            board.tell(generation: $0.number)
        }
        scripts.onFailure.append { [board] in board.tell($0) }
        jobs.onRun = { [board] in board.tell($0) }
        jobs.plans.onChange = { [board] in board.tell($0) }
        cleaning = Cleaning(jobs, scope: scope)
        self.jobs = jobs
        self.scripts = scripts
        await scripts.start()
        try scripts.follow()
    }

    private func openJobs(_ world: World) async throws -> Jobs {
        let trash = Trash(world.roots + world.trashRoots, clock: world.clock)
        scope.spawn("sweeping the trash") { _ = try await trash.sweep() }
        let values = StoredValues(store!, clock: world.clock)
        let targets = GCTargets([
            JobRunTarget(store!), PlanTarget(store!), TrashTarget(trash), ScriptValueTarget(values),
            RunTarget(store!), RunnerTarget(runnerDesk), OrphanTarget(runnerDesk),
        ])
        for target in chatTargets + resources!.targets(store!, trash) { targets.add(target) }
        for target in repos?.targets ?? [] { targets.add(target) }
        return try await Jobs.open(
            store!, clock: SystemJobClock(), targets: targets, log: log.part("jobs"), metrics: telemetry?.metrics,
            scope: scope)
    }

    /// Jobs start before the chats are served, and what is unfinished is known only from then on: until then all are busy.
    private var chatTargets: [any GCTarget] {
        [
            ChatTarget(
                store!,
                isBusy: { [weak self] user, chat in
                    self?.runs?.isAtWork { $0.order.user == user && ($0.order.chat ?? "") == chat } ?? true
                },
                onRemoved: { [weak self] in self?.chatRoom?.chats.forgot($1, of: $0) }),
            AgentTarget(
                store!,
                isBusy: { [weak self] workspace, agent in
                    self?.runs?.isAtWork { $0.order.workspace == workspace && $0.order.input.agent == agent } ?? true
                },
                forget: { [weak self] workspace, agent in
                    try await self?.chatRoom?.agents.forget(agent, in: workspace)
                }),
        ]
    }

    private func closeScripts() async {
        await jobs?.close()
        await scripts?.close()
        await docker?.close()
        jobs = nil
        cleaning = nil
        scripts = nil
        docker = nil
    }

    private func openRuns() async throws {
        let room = try await ChatRoom.open(self, scope: scope)
        chatRoom = room
        taskRoom = TaskRoom.open(self, room)
        runNews = board.follow(room.runs) { [weak resources] in resources?.noteEnd(of: $0) }
        await room.runs.start()
        try await resources?.start(room, board)
        try await jobs?.plans.goOn()
    }

    private func closeRuns() async {
        runNews = nil
        await chatRoom?.close()
        taskRoom?.close()
        taskRoom = nil
        chatRoom = nil
    }

    func reloadScripts(_ reason: String) {
        guard let scripts else { return }
        scope.spawn("reload") { await scripts.reload(reason) }
    }

    private func startServer() async throws {
        let server = Server(Doors.router(self), settings: settings.server, scope: scope)
        self.server = server
        do {
            try listen(server)
        } catch {
            // Of several addresses some may be open by now.
            await stopServer()
            throw error
        }
        telemetry?.observe(server)
        readiness.set("server", nil)
    }

    private func listen(_ server: Server) throws {
        let host = settings[SettingTable.host]
        let port = try server.listen(host: host, port: settings[SettingTable.port])
        addresses = ["http://\(host.contains(":") ? "[\(host)]" : host):\(port)"]
        try listenOnSocket(server)
    }

    /// A socket that was asked for must work; the default one is a convenience.
    private func listenOnSocket(_ server: Server) throws {
        let advice = "commands such as `perigee status` do not reach this server; set PERIGEE_SOCKET to another path"
        switch settings.socket {
        case .off: return
        case .tooLong(let path):
            log.warning(
                "no Unix socket: its path is longer than \(SocketPath.longest) bytes",
                ["path": LogValue(path), "hint": LogValue(advice)])
        case .at(let path, let isChosen):
            do {
                try server.listen(path: path)
                addresses.append("unix:\(path)")
            } catch  where !isChosen {
                log.warning("no Unix socket: \(Fault(error).message)", ["hint": LogValue(advice)])
            }
        }
    }

    // A part that has stopped is let go, so that nothing that belongs to it outlives it.

    private func stopServer() async {
        await consoles.close()
        runs?.endFollowing()
        board.close()
        await server?.drain(grace: settings[SettingTable.drain])
        server = nil
    }

    private func closeTelemetry() async {
        await telemetry?.close()
        await scope.close()
        telemetry = nil
    }

    private func closeClient() async {
        await client?.close()
        client = nil
    }

    private func closeStore() async {
        await store?.close()
        store = nil
    }
}
