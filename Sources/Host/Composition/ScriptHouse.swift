import Glibc
import Runtime

/// Scripts outside a server: those of the settings' directories, in a world without a database.
@Loop
final class ScriptHouse {
    let scripts: Scripts
    let scope: Scope
    private let client = HTTPClient()

    init(_ settings: Settings) throws {
        let log = Log(format: settings[SettingTable.logFormat], level: .warning)
        scope = Scope("scripts") { task, error in log.error("task failed", Fault(error), ["task": LogValue(task)]) }
        scripts = try Scripts(
            settings.scriptSources, table: HostTable([HostModule("", "", [])]), log: log, scope: scope,
            wallClock: { Double(time(nil)) })
    }

    func close() async {
        await scripts.close()
        await scope.close()
        await client.close()
    }
}
