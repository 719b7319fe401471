import Runtime

/// The scripts of this process, with everything that they can reach.
@Loop
struct Scripting {
    let scripts: Scripts

    init(_ settings: Settings, store: Store, client: HTTPClient, log: Log, metrics: Metrics, scope: Scope) throws {
        let clock = SystemClock()
        let world = World(
            clock: clock,
            http: NetHTTP(
                client, allowing: AddressAllowance(settings[SettingTable.scriptAddresses]),
                sockets: settings[SettingTable.scriptSockets]),
            values: StoredValues(store, clock: clock), processes: SystemProcesses(), roots: Scripting.roots(settings),
            log: log.part("script"), metrics: metrics, config: settings.forScripts)
        scripts = try Scripts(
            ScriptHome.sources(settings), table: HostTable.standard(world), limits: settings.scriptLimits,
            log: log.part("scripts"), scope: scope, lastGood: "\(settings.stateDirectory)/scripts.last-good.json",
            wallClock: { clock.now })
    }

    private static func roots(_ settings: Settings) -> [FileRoot] {
        [
            FileRoot("data", "\(settings.stateDirectory)/data", isWritable: true),
            FileRoot("scripts", ScriptHome.sources(settings).overlay ?? "", isWritable: false),
        ]
    }
}

extension Settings {
    /// What scripts may read of the settings, and of the environment under `PERIGEE_CONFIG_`: never a secret.
    var forScripts: [String: String] {
        var values: [String: String] = [:]
        for setting in SettingTable.all where !setting.isSecret { values[setting.name] = source.text(of: setting).text }
        return values
    }
}
