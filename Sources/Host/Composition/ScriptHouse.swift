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
        let clock = SystemClock()
        let world = try Scripting.world(
            settings, client: client, values: MemoryValues(clock: clock), log: log, metrics: Metrics())
        // There is no scheduler here, so `host.jobs` knows no jobs.
        scripts = try Scripts(
            settings.scriptSources, table: HostTable.makeBelieve(world), limits: settings.scriptLimits, log: log,
            scope: scope, wallClock: { clock.now })
    }

    func close() async {
        await scripts.close()
        await scope.close()
        await client.close()
    }
}
