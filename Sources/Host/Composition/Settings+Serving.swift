import Runtime

extension Settings {
    var server: ServerSettings {
        var server = ServerSettings()
        server.body = self[SettingTable.maxBody]
        server.connections = self[SettingTable.maxConnections]
        server.trustedPeers = self[SettingTable.trustedProxies]
        return server
    }

    var runs: RunSettings {
        var runs = RunSettings()
        runs.queuedPerUser = self[SettingTable.maxQueuedRuns]
        runs.places = self[SettingTable.maxTasks]
        runs.queuedPerShare = self[SettingTable.maxQueuedTasks]
        return runs
    }

    /// Values that must never be printed.
    var secrets: [String] {
        all.filter(\.isSecret).map { source.text(of: $0).text }.filter { !$0.isEmpty }
    }
}
