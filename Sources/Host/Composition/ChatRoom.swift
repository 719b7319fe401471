import Runtime

/// All that a turn of a chat passes on its way to a run, and what performs it, put together.
@Loop
final class ChatRoom {
    let runs: Runs
    let integrations: MCPService
    let openAI: OpenAIHouse
    let runners: SharedRunners?
    let chats: Chats
    let agents: AgentRegistry
    let usage: UsageBook

    private init(
        _ runs: Runs, _ chats: Chats, _ agents: AgentRegistry, _ usage: UsageBook, _ integrations: MCPService,
        _ openAI: OpenAIHouse, _ runners: SharedRunners?
    ) {
        self.runners = runners
        self.runs = runs
        self.chats = chats
        self.agents = agents
        self.usage = usage
        self.integrations = integrations
        self.openAI = openAI
    }

    static func open(_ house: House, scope: Scope) async throws -> ChatRoom {
        let (settings, log) = (house.settings, house.log)
        let (store, access, scripts) = (house.store!, house.access!, house.scripts!)
        let chats = Chats(store, log: log.part("chats"), now: Access.now)
        let providers = settings.providers
        let models = ProviderClient(house.client!, wallClock: { SystemClock().now })
        let (mode, reason) = try RunnerMode.chosen(settings)
        log.info("how agents run", ["mode": LogValue(mode.rawValue), "reason": LogValue(reason)])
        let runners =
            mode == .shared
            ? try SharedRunners(settings, client: house.client!, log: log.part("runners"), scope: scope) : nil
        var engines: [any Engine] = [RehearsalEngine(), ProviderEngine(providers, models)]
        let fresh = runners.map { FreshRunners($0, log: log.part("runners")) }
        if let fresh {
            engines.append(
                OpencodeEngine(
                    pool: fresh, book: chats, limits: OpencodeEngine.Limits(settings), log: log.part("opencode"),
                    scope: scope))
        }
        let runs = try await Runs.open(
            store, engines: engines, policy: ScriptPolicy(scripts), settings: settings.runs,
            log: log.part("runs"),
            metrics: house.telemetry?.metrics, scope: scope)

        let tokens = IntegrationTokens(derivedFrom: access.encryption.base64)
        let address = settings.agentAddress
        let agents = AgentRegistry(store, access.workspaces, now: Access.now) { workspace, agent in
            IntegrationConfig.mcp(
                agent.integrations, base: address, workspace: workspace.id, user: workspace.user, tokens: tokens)
        }
        let sides = SideCalls(
            providers, models, small: settings[SettingTable.smallModel], log: log.part("side calls"))
        let modes = [mode.rawValue]
        let usage = UsageBook(store, now: Access.now)
        let intake = TurnIntake(
            runs, access.workspaces, agents, sides, usage, modes: { modes }, onConfigured: { fresh?.changed($0) })
        house.scriptRuns.connect(runs, intake, scripts)
        let integrations = MCPService(
            scripts, tokens, settings.surroundings(of: runs, access.workspaces), log: log.part("integrations"),
            scope: scope)
        let filterSecret = settings[SettingTable.filterSecret]
        let openAI = OpenAIHouse(
            scripts: scripts, gate: access.gate, intake: intake, runs: runs, chats: chats,
            workspaces: access.workspaces, embed: settings.embedding(by: providers, models), rehearses: { true },
            log: log.part("openai"),
            filterSecret: filterSecret.isEmpty ? nil : Secret(filterSecret))
        mirror(chats, access.workspaces, log.part("chats"), scope)
        mirror(agents, access.workspaces, log.part("chats"), scope)
        // It lasts as long as the runs do.
        _ = runs.events { [weak usage] in if $0.state.isEnded { usage?.changed($0.order.user) } }
        return ChatRoom(runs, chats, agents, usage, integrations, openAI, runners)
    }

    func close() async {
        chats.onChange = nil
        agents.onChange = nil
        chats.former = { _ in [:] }
        await runs.close()
        await runners?.close()
    }

    /// Which session each chat has, for people and older programs to read, and what such a program left.
    private static func mirror(_ chats: Chats, _ workspaces: Workspaces, _ log: Log, _ scope: Scope) {
        chats.former = { user in
            try await workspaces.formerSessions(of: try await workspaces.get(Workspace.id(of: user)).workspace)
        }
        chats.onChange = { [weak chats] user in
            scope.spawn("mirroring sessions") {
                guard let chats else { return }
                do {
                    let sessions = try await chats.sessions(of: user)
                    let workspace = try await workspaces.get(Workspace.id(of: user)).workspace
                    try await workspaces.mirrorSessions(
                        Dictionary(sessions.map { ($0.chat, $0.session) }) { _, last in last }, of: workspace)
                } catch {
                    log.warning("the list of sessions was not written: \(Fault(error).message)")
                }
            }
        }
    }

    /// The same for the agents that stand for personas. What an older program knew of others stays.
    private static func mirror(_ agents: AgentRegistry, _ workspaces: Workspaces, _ log: Log, _ scope: Scope) {
        agents.onChange = { [weak agents] workspace in
            scope.spawn("mirroring personas") {
                guard let agents else { return }
                do {
                    var personas = try await workspaces.formerPersonas(of: workspace)
                    for persona in try await agents.described(in: workspace.id) {
                        personas[persona.key] = persona.value
                    }
                    try await workspaces.mirrorPersonas(personas, of: workspace)
                } catch {
                    log.warning("the list of personas was not written: \(Fault(error).message)")
                }
            }
        }
    }
}

extension Settings {
    /// Where agents reach this server.
    fileprivate var agentAddress: String {
        let chosen = self[SettingTable.agentAddress]
        return chosen.isEmpty ? "http://127.0.0.1:\(self[SettingTable.port])" : chosen
    }

    /// Who answers requests for embeddings.
    @Loop
    fileprivate func embedding(
        by providers: Providers, _ client: ProviderClient
    ) -> @Loop (JSONObject) async throws -> JSONValue {
        let wanted = self[SettingTable.embeddingModel]
        return { request in
            guard !wanted.isEmpty else {
                throw Fault(
                    .notFound, "no provider is set for embeddings",
                    hint: "set PERIGEE_EMBEDDING_MODEL to a provider, or to provider/model")
            }
            let choice = try providers.choice(wanted)
            do {
                return try await client.embeddings(request, model: choice.model, by: choice.provider)
            } catch {
                throw RunFailure(error)
            }
        }
    }

    /// The user's own keys for integrations come before the owner's, which are in the environment; runs say what the
    /// agent is at.
    @Loop
    fileprivate func surroundings(of runs: Runs, _ workspaces: Workspaces) -> MCPSurroundings {
        MCPSurroundings(
            keys: { [weak workspaces] caller, names in
                let own = try await workspaces?.integrationKeys(of: caller.workspace) ?? [:]
                return Dictionary(
                    uniqueKeysWithValues: Set(names).compactMap { name in
                        if let key = own[name] { return (name, key) }
                        return source.values(withPrefix: name)[name].flatMap { $0.isEmpty ? nil : (name, Secret($0)) }
                    })
            },
            work: { [weak runs] caller in
                let run = runs?.working(in: caller.workspace)
                return (run?.order.chat, run?.id)
            })
    }
}

extension Runs {
    /// The newest run that is at work in a workspace.
    func working(in workspace: String) -> RunRecord? {
        live.values.map(\.record).filter { $0.order.workspace == workspace && $0.state == .running }.max {
            $0.id < $1.id
        }
    }
}
