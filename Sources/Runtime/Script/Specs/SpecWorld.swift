import Glibc
import LuaBridge

/// The world that specs see: nothing in it is real but an empty directory, and each `it` gets it fresh. Modules hold on to
/// what they were given when they were made, so what they get stands for whatever is behind it now.
@Loop
final class SpecWorld {
    /// When every spec begins: Thursday, 1 January 2026, noon UTC.
    static let noon = 1_767_268_800.0

    let world: World
    private let stage: SpecStage
    private let directory: String
    /// Called with the settings that scripts see from now on.
    var onConfig: (([String: String]) throws -> Void)?
    private var hasConfig = false

    init() throws {
        var template = Array("/tmp/perigee-spec-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Fault.system("create", "a directory in /tmp", errno: errno) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        stage = SpecStage()
        world = World(
            clock: stage, http: stage, values: stage, processes: stage,
            roots: [FileRoot("work", directory, isWritable: true)], log: Log(to: -1, format: .json, level: .error),
            metrics: Metrics())
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

    /// The global `fake`, as modules: those without a name are functions of its own.
    var modules: [HostModule] {
        [
            HostModule(
                "", "Arranges the made-up world of a spec, and tells what was done in it. New for each `it`.",
                [
                    HostFunction(
                        "config", "Sets what `host.config` reads.",
                        [.required("settings", .map(.text()), "Texts by name.")],
                        example: "fake.config { PORT = \"8000\" }"
                    ) { [unowned self] call in
                        let pairs = call.options("settings").pairs.map { ($0.name, $0.value.string ?? "") }
                        try set(Dictionary(uniqueKeysWithValues: pairs))
                        return .nil
                    }
                ]), .fakeClock(stage), .fakeHTTP(stage), .fakeProcess(stage),
        ]
    }

    var globals: LuaValue {
        var fields: [LuaKey: LuaValue] = [:]
        for module in modules {
            let owner = module.name.isEmpty ? "fake." : "fake.\(module.name)."
            for function in module.functions {
                let value = LuaValue.host(function.function(owner: owner))
                if module.name.isEmpty {
                    fields[.string(function.name)] = value
                } else {
                    var inner: [LuaKey: LuaValue] = [:]
                    if case .table(let known) = fields[.string(module.name)] { inner = known }
                    inner[.string(function.name)] = value
                    fields[.string(module.name)] = .table(inner)
                }
            }
        }
        return .table(fields)
    }
}

extension World {
    /// A world for what only describes scripts, or loads them without running anything: in it nothing is, and nothing
    /// answers.
    public static var makeBelieve: World {
        let stage = SpecStage()
        return World(
            clock: stage, http: stage, values: stage, processes: stage, log: Log(to: -1, format: .json, level: .error),
            metrics: Metrics())
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
