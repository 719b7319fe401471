import Runtime

/// All that a turn of a chat passes on its way to a run, and what performs it, put together.
@Loop
final class ChatRoom {
    let runs: Runs
    let integrations: MCPService
    let openAI: OpenAIHouse
    let runners: SharedRunners?
    private let chats: Chats
    private let mirror: MirrorPace

    private init(
        _ runs: Runs, _ chats: Chats, _ integrations: MCPService, _ openAI: OpenAIHouse, _ runners: SharedRunners?,
        _ mirror: MirrorPace
    ) {
        self.runners = runners
        self.mirror = mirror
        self.runs = runs
        self.chats = chats
        self.integrations = integrations
        self.openAI = openAI
    }

    static func open(_ house: House, scope: Scope) async throws -> ChatRoom {
        let (settings, log) = (house.settings, house.log)
        let (store, access, scripts) = (house.store!, house.access!, house.scripts!)
        let chats = Chats(store, log: log.part("chats"))
        let providers = settings.providers
        let models = ProviderClient(house.client!, wallClock: { SystemClock().now })
        let standings = ProviderStandings(providers)
        house.telemetry?.metrics.gauge(
            "perigee_providers_open", "Model providers that are not asked because they failed again and again."
        ) { [weak standings] in standings.map { Double($0.openCount) } }
        let (mode, reason) = try RunnerMode.chosen(settings)
        log.info("how agents run", ["mode": LogValue(mode.rawValue), "reason": LogValue(reason)])
        let runners =
            mode == .shared
            ? try SharedRunners(settings, client: house.client!, log: log.part("runners"), scope: scope) : nil
        var engines: [any Engine] = [RehearsalEngine(), ProviderEngine(providers, models, standings)]
        let fresh = runners.map { FreshRunners($0, log: log.part("runners")) }
        house.telemetry?.metrics.gauge("perigee_agent_followers", "Turns that read the event stream of an agent.") {
            [weak runners] in runners.map { Double($0.followerCount) }
        }
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

        chats.onChoice = { [weak runs] run, choice in runs?.remember(Decision(choice), for: run) }

        let tokens = IntegrationTokens(derivedFrom: access.encryption.base64)
        let address = settings.agentAddress
        let agents = AgentRegistry(store, access.workspaces) { workspace, agent in
            IntegrationConfig.mcp(
                agent.integrations, base: address, workspace: workspace.id, user: workspace.user, tokens: tokens)
        }
        let sides = SideCalls(
            providers, models, standings, small: settings[SettingTable.smallModel], log: log.part("side calls"))
        let modes = [mode.rawValue]
        let intake = TurnIntake(
            runs, access.workspaces, agents, sides, chats, modes: { modes }, onConfigured: { fresh?.changed($0) })
        let integrations = MCPService(
            scripts, tokens, settings.surroundings(of: runs, secrets: log.secrets), log: log.part("integrations"),
            scope: scope)
        let filterSecret = settings[SettingTable.filterSecret]
        let openAI = OpenAIHouse(
            scripts: scripts, gate: access.gate, intake: intake, runs: runs, chats: chats,
            workspaces: access.workspaces, embed: settings.embedding(by: providers, models),
            rehearses: { mode == .rehearsal },
            log: log.part("openai"),
            filterSecret: filterSecret.isEmpty ? nil : Secret(filterSecret))
        let mirror = mirror(chats, access.workspaces, log.part("chats"), scope)
        return ChatRoom(runs, chats, integrations, openAI, runners, mirror)
    }

    func close() async {
        chats.onChange = nil
        chats.onChoice = nil
        chats.former = { _ in [:] }
        await runs.close()
        await mirror.close()
        await runners?.close()
    }

    /// Which session each chat has, for people and older programs to read, and what such a program left.
    private static func mirror(_ chats: Chats, _ workspaces: Workspaces, _ log: Log, _ scope: Scope) -> MirrorPace {
        chats.former = { user in
            try await workspaces.formerSessions(of: try await workspaces.get(Workspace.id(of: user)).workspace)
        }
        let mirror = MirrorPace(scope: scope) { [weak chats] user in
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
        chats.onChange = { [weak mirror] in mirror?.note($0) }
        return mirror
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

    /// Keys of integrations are the owner's, from the environment; runs say what the agent is at.
    @Loop
    fileprivate func surroundings(of runs: Runs, secrets: Redactor) -> MCPSurroundings {
        MCPSurroundings(
            keys: { _, names in
                var keys: [String: Secret] = [:]
                for name in names {
                    guard let text = source.values(withPrefix: name)[name], !text.isEmpty else { continue }
                    secrets.add(text)
                    keys[name] = Secret(text)
                }
                return keys
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
