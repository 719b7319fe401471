import Runtime

/// What scripts of this process can reach, in one place for the server, the console and the commands.
@Loop
enum Scripting {
    /// `values` is the store's, or a memory's where there is none.
    static func world(
        _ settings: Settings, client: HTTPClient, values: any KeyValues, log: Log, metrics: Metrics
    ) throws -> World {
        World(
            clock: SystemClock(),
            http: NetHTTP(
                client, allowing: try AddressAllowance(settings[SettingTable.scriptAddresses]),
                sockets: settings[SettingTable.scriptSockets]),
            values: values, processes: SystemProcesses(), roots: roots(settings), log: log.part("script"),
            metrics: metrics, config: settings.forScripts)
    }

    private static func roots(_ settings: Settings) -> [FileRoot] {
        [
            FileRoot("data", StateDirectory(path: settings.stateDirectory).data, isWritable: true),
            FileRoot("scripts", settings.scriptSources.overlay ?? "", isWritable: false),
        ]
    }
}

extension Settings {
    /// What scripts may read: settings, none of them secret, and the owner's own `SCRIPT_…` variables.
    var forScripts: [String: String] {
        var values = source.values(withPrefix: "SCRIPT_")
        for setting in all where !setting.isSecret { values[setting.name] = source.text(of: setting).text }
        return values
    }
}
