import Glibc
import LuaBridge

/// The world that specs see: nothing in it is real but an empty directory, and each `it` gets it fresh. Modules hold on to
/// what they were given when they were made, so what they get stands for whatever is behind it now.
@Loop
final class SpecWorld {
    /// When every spec begins: Thursday, 1 January 2026, noon UTC.
    nonisolated static let noon = 1_767_268_800.0

    let world: World
    private let stage: SpecStage
    private let directory: String
    /// Called with the settings that scripts see from now on.
    var onConfig: (([String: String]) throws -> Void)?
    private var hasConfig = false

    init() throws {
        directory = try PrivateDirectory.make("perigee-spec")
        stage = SpecStage()
        var world = World(
            clock: stage, http: stage, values: stage, processes: stage,
            roots: [FileRoot("work", directory, isWritable: true)], log: Log(to: -1, format: .json, level: .error),
            metrics: Metrics())
        world.docker = DockerEngine(answeredBy: stage)
        self.world = world
    }

    /// Everything as it is at the beginning.
    func begin() throws {
        stage.begin()
        SpecDirectory.empty(directory)
        if hasConfig { try set([:]) }
        hasConfig = false
    }

    func close() {
        SpecDirectory.empty(directory)
        rmdir(directory)
    }

    /// What was asked of the world that nobody had an answer for.
    var unanswered: String? {
        if let request = stage.servers.unanswered.first { return "nobody answers \(request) in this spec" }
        return stage.programs.unanswered.first.map { "nobody runs \($0.joined(separator: " ")) in this spec" }
    }

    private func set(_ config: [String: String]) throws {
        hasConfig = true
        try onConfig?(config)
    }

    /// The global `fake`.
    var globals: LuaValue {
        var fields: [LuaKey: LuaValue] = [:]
        for module in HostModule.fakes(stage, config: { [unowned self] in try set($0) }) {
            let functions = module.functions.map { function -> (LuaKey, LuaValue) in
                (.string(function.name), .host(function.function(owner: "\(module.fakeName).")))
            }
            if module.name.isEmpty {
                fields.merge(functions) { _, last in last }
            } else {
                fields[.string(module.name)] = .table(Dictionary(uniqueKeysWithValues: functions))
            }
        }
        return .table(fields)
    }
}

extension HostTable {
    /// Every module of a server, over a made-up world, for what describes scripts or loads them without running anything.
    public static func makeBelieve() -> HostTable {
        let stage = SpecStage()
        return makeBelieve(
            World(
                clock: stage, http: stage, values: stage, processes: stage,
                log: Log(to: -1, format: .json, level: .error), metrics: Metrics()))
    }

    /// Every module of a server, over this world. Its scheduled work is what a spec says that there is.
    public static func makeBelieve(_ world: World) -> HostTable {
        var table = standard(world)
        let stage = world.clock as? SpecStage
        table.add(.jobs(stage?.jobs ?? FakeJobs(clock: world.clock)))
        table.add(.runs(stage?.runs ?? FakeRuns(clock: world.clock)))
        table.add(.workspaces(stage?.workspaces ?? FakeWorkspaces(clock: world.clock)))
        table.add(.runners(stage?.runners ?? FakeRunners(clock: world.clock)))
        table.add(.disk(stage?.disk ?? FakeDisk(clock: world.clock)))
        table.add(.users(stage?.users ?? FakeUsers(clock: world.clock)))
        let git = stage?.git ?? FakeGit(clock: world.clock)
        table.add(.git(git))
        table.add(.repos(git))
        return table
    }
}

/// The directory of a spec.
private enum SpecDirectory {
    static func empty(_ path: String) {
        for name in Directory.names(path) {
            let full = "\(path)/\(name)"
            if unlink(full) != 0 {
                empty(full)
                rmdir(full)
            }
        }
    }
}
