import Runtime

/// All that a turn of a chat passes on its way to a run, and what performs it, put together.
@Loop
final class ChatRoom {
    let runs: Runs
    let integrations: MCPService
    let openAI: OpenAIHouse
    /// How agents run, and why so.
    let agentMode: RunnerMode.Choice
    let runners: (any RunnerPool)?
    let freshRunners: FreshRunners?
    let chats: Chats
    let agents: AgentRegistry
    let usage: UsageBook
    private let mirrors: Mirrors

    private init(
        _ runs: Runs, _ chats: Chats, _ agents: AgentRegistry, _ usage: UsageBook, _ integrations: MCPService,
        _ openAI: OpenAIHouse, _ place: RunnerHouse, _ mirrors: Mirrors
    ) {
        agentMode = place.choice
        runners = place.pool
        freshRunners = place.fresh
        self.mirrors = mirrors
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
        let chats = Chats(store, log: log.part("chats"))
        let providers = settings.providers
        let models = ProviderClient(house.client!, wallClock: { SystemClock().now })
        let standings = ProviderStandings(providers)
        house.telemetry?.metrics.gauge(
            "perigee_providers_open", "Model providers that are not asked because they failed again and again."
        ) { [weak standings] in standings.map { Double($0.openCount) } }
        let place = try await RunnerHouse.open(house, scope: scope)
        let runners = place.pool
        var engines: [any Engine] = [
            RehearsalEngine(), ProviderEngine(providers, models, standings, sealer: access.encryption.sealer),
        ]
        let fresh = place.fresh
        house.telemetry?.metrics.gauge("perigee_agent_followers", "Turns that read the event stream of an agent.") {
            [weak runners] in runners.map { Double($0.followerCount) }
        }
        if let fresh {
            let engine = OpencodeEngine(
                pool: fresh, book: chats, limits: OpencodeEngine.Limits(settings), log: log.part("opencode"),
                scope: scope)
            engine.ground = house.repos.map { repos in
                RunGround(repos, access.workspaces) { [weak fresh] in fresh?.changed($0) }
            }
            engines.append(engine)
        }
        let runs = try await Runs.open(
            store, engines: engines, policy: ScriptPolicy(scripts), settings: settings.runs,
            log: log.part("runs"),
            metrics: house.telemetry?.metrics, scope: scope)

        chats.onForget = { [weak runners] user, chat in runners?.forget(chat: chat, of: user) }
        chats.onChoice = { [weak runs] run, choice in runs?.remember(Decision(choice), for: run) }

        let tokens = IntegrationTokens(derivedFrom: access.encryption.base64)
        let address = settings.agentAddress
        let agents = AgentRegistry(
            store, access.workspaces, keys: place.keyDelivery, now: Access.now
        ) { workspace, agent in
            IntegrationConfig.mcp(
                agent.integrations, base: address, workspace: workspace.id, user: workspace.user, tokens: tokens)
        }
        let sides = SideCalls(
            providers, models, standings, small: settings[SettingTable.smallModel], log: log.part("side calls"))
        let modes = [place.mode.rawValue]
        let usage = UsageBook(store, now: Access.now)
        let intake = TurnIntake(
            runs, access.workspaces, agents, sides, chats, usage, modes: { modes },
            onConfigured: { fresh?.changed($0) })
        house.scriptRuns.connect(runs, intake, scripts)
        let integrations = MCPService(
            scripts, tokens, settings.surroundings(of: runs, access.workspaces, secrets: log.secrets),
            log: log.part("integrations"),
            scope: scope)
        let filterSecret = settings[SettingTable.filterSecret]
        let openAI = OpenAIHouse(
            scripts: scripts, gate: access.gate, intake: intake, runs: runs, chats: chats,
            workspaces: access.workspaces, embed: settings.embedding(by: providers, models),
            rehearses: { place.mode == .rehearsal },
            log: log.part("openai"),
            filterSecret: filterSecret.isEmpty ? nil : Secret(filterSecret))
        // It lasts as long as the runs do.
        _ = runs.events { [weak usage] in if $0.state.isEnded { usage?.ended($0) } }
        let mirrors = Mirrors(chats, agents, access.workspaces, log: log.part("chats"), scope: scope)
        return ChatRoom(runs, chats, agents, usage, integrations, openAI, place, mirrors)
    }

    func close() async {
        chats.onChoice = nil
        chats.onForget = nil
        await runs.close()
        await mirrors.close()
        await freshRunners?.close()
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
    fileprivate func surroundings(of runs: Runs, _ workspaces: Workspaces, secrets: Redactor) -> MCPSurroundings {
        MCPSurroundings(
            keys: { [weak workspaces] caller, names in
                let own = try await workspaces?.integrationKeys(of: caller.workspace) ?? [:]
                var keys: [String: Secret] = [:]
                for name in names {
                    if let key = own[name] {
                        keys[name] = key
                    } else if let text = source.values(withPrefix: name)[name], !text.isEmpty {
                        secrets.add(text)
                        keys[name] = Secret(text)
                    }
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
