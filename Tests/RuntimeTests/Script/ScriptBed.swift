import Glibc
import LuaBridge
import Testing

@testable import Runtime

/// A scripts directory of a test's own, and what serves from it.
@Loop
final class ScriptBed {
    let directory: TemporaryDirectory
    let scope = Scope("test") { task, error in Issue.record("\(task): \(error)") }
    let modules: [HostModule]
    let limits: ScriptLimits
    private(set) var scripts: Scripts

    init(
        _ modules: [HostModule] = [], limits: ScriptLimits = ScriptLimits(),
        in directory: TemporaryDirectory = TemporaryDirectory()
    ) throws {
        self.directory = directory
        self.modules = modules
        self.limits = limits
        scripts = try ScriptBed.scripts(directory, modules, limits, scope)
    }

    func write(_ name: String, _ text: String) { directory.write(text, to: "own/\(name)") }
    func ship(_ name: String, _ text: String) { directory.write(text, to: "shipped/\(name)") }
    func path(_ name: String) -> String { "\(directory.path)/own/\(name)" }

    /// Waits for the next generation that `body` leads to.
    func nextSwap(_ body: () throws -> Void) async throws -> Generation {
        let waiter = Waiter<Generation>("the next generation")
        scripts.onSwap.append { waiter.finish(.success($0)) }
        try body()
        return try await Deadline.within(.seconds(20)) { try await waiter.value() }
    }

    func nextFailure(_ body: () throws -> Void) async throws -> ScriptFailure {
        let waiter = Waiter<ScriptFailure>("the next failure")
        scripts.onFailure.append { waiter.finish(.success($0)) }
        try body()
        return try await Deadline.within(.seconds(20)) { try await waiter.value() }
    }

    func close() async {
        await scope.close(grace: .seconds(10))
        await scripts.close()
    }

    private static func scripts(
        _ directory: TemporaryDirectory, _ modules: [HostModule], _ limits: ScriptLimits, _ scope: Scope
    ) throws -> Scripts {
        try Scripts(
            ScriptSources(shipped: "\(directory.path)/shipped", overlay: "\(directory.path)/own"),
            table: HostTable(modules), limits: limits, log: .discarding, scope: scope,
            lastGood: "\(directory.path)/last-good", wallClock: { 1_000 })
    }
}

extension Log {
    static let discarding = Log(to: open("/dev/null", O_WRONLY))
}
