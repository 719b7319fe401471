import Runtime

/// What the settings say of every runner; the hook `runner` may say otherwise for one.
struct RunnerDefaults: Sendable {
    var image = ""
    var command: [String] = []
    var network: String?
    var limits = RunnerLimits()
    var startTimeout = Duration.seconds(60)
    var idleTimeout = Duration.seconds(1800)
}

/// Makes the description of a workspace's runner: of the settings, its keys and the decision of the hook `runner`.
@Loop
final class RunnerPlanner {
    private let mode: RunnerMode
    private let defaults: RunnerDefaults
    private let policy: RunnerPolicy
    private let mounts: MountRules
    let directories: PrivateDirectories
    private let keys: @Loop (Workspace) async throws -> [String: Secret]
    /// What was last planned, so that a turn on a runner that is up asks no script.
    private var known: [String: (generation: Int, spec: RunnerSpec)] = [:]
    private static let mostKnown = 4096
    /// A run's own runner has no second turn to wait for, only another attempt.
    private static let runIdleTimeout = Duration.seconds(10)

    /// `keys` gives the values of the environment that are secret: provider keys by their variables.
    init(
        _ mode: RunnerMode, _ defaults: RunnerDefaults, policy: RunnerPolicy, mounts: MountRules, privateRoot: String,
        keys: @escaping @Loop (Workspace) async throws -> [String: Secret]
    ) {
        self.mode = mode
        self.defaults = defaults
        self.policy = policy
        self.mounts = mounts
        directories = PrivateDirectories(root: privateRoot)
        self.keys = keys
    }

    nonisolated static func name(_ workspace: Workspace) -> String {
        "open-persona-runner-\(workspace.id)-\(workspace.keySignature)"
    }

    /// As the live scripts want it; without a password, which each start makes anew.
    func spec(for workspace: Workspace, share: RunnerShare = .user) async throws -> RunnerSpec {
        let name = RunnerPlanner.name(workspace) + share.suffix
        let generation = policy.generation()
        if let known = known[name], known.generation == generation { return known.spec }
        let spec = try await plan(name, workspace, share)
        if known.count >= RunnerPlanner.mostKnown { known = [:] }
        known[name] = (generation, spec)
        return spec
    }

    private func plan(_ name: String, _ workspace: Workspace, _ share: RunnerShare) async throws -> RunnerSpec {
        var facts = workspace.facts
        facts["mode"] = .string(mode.rawValue)
        facts["isolation"] = .string(share.kind.rawValue)
        if mode == .container { facts["image"] = .string(defaults.image) }
        if mode == .process { facts["command"] = .array(defaults.command.map { .string($0) }) }
        let decision = try await policy.decide(facts)
        let environment = try RunnerPlanner.environment(decision["env"])
        let privateDirectory = directories.path(workspace.id, workspace.keySignature, share)
        let mounts = try await mounts.allowed(
            decision["mounts"], hiding: [workspace.directory, privateDirectory])
        let image = decision["image"]?.string ?? defaults.image
        let command = decision["command"].map { value in
            if case .array(let words) = value { words.compactMap(\.string) } else { defaults.command }
        }
        let limits = RunnerPlanner.limits(decision["limits"], defaults.limits)
        let network = decision["network"]?.string ?? defaults.network
        var mark = SpecMark()
        mark.add(mode.rawValue, workspace.directory, workspace.keySignature, image, network ?? "")
        mark.add(command ?? defaults.command)
        mark.add(environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        mark.add(mounts.flatMap { [$0.source, $0.target, $0.isReadOnly ? "ro" : "rw"] })
        mark.add([limits.memory, limits.processes, limits.disk].map { $0.map { "\($0)" } ?? "-" })
        mark.add(limits.cpus.map { "\($0)" } ?? "-")
        return RunnerSpec(
            name: name, workspace: workspace.id, keySignature: workspace.keySignature, share: share,
            directory: workspace.directory, privateDirectory: privateDirectory, image: image,
            command: command ?? defaults.command,
            environment: environment, secrets: try await keys(workspace), mounts: mounts, network: network,
            limits: limits, startTimeout: decision.duration("start_timeout") ?? defaults.startTimeout,
            idleTimeout: decision.duration("idle_timeout")
                ?? (share.kind == .run ? RunnerPlanner.runIdleTimeout : defaults.idleTimeout), signature: mark.text)
    }

    /// What is not the host's own to set.
    private nonisolated static func environment(_ given: JSONValue?) throws -> [String: String] {
        var environment = ["OPENCODE_DISABLE_AUTOUPDATE": "true"]
        guard case .object(let members)? = given else { return environment }
        for member in members {
            let name = member.key
            let isReserved =
                name == "HOME" || ["XDG_", "PERIGEE_", "OPENCODE_SERVER_"].contains { name.hasPrefix($0) }
            guard !isReserved, !name.isEmpty, !name.utf8.contains(where: { $0 == 61 || $0 == 0 }) else {
                throw Fault(
                    .invalidInput, "the hook runner sets the variable \"\(name)\", which is not its to set",
                    hint: "HOME, XDG_…, PERIGEE_… and OPENCODE_SERVER_… belong to the host")
            }
            environment[name] = member.value.string ?? ""
        }
        return environment
    }

    private nonisolated static func limits(_ given: JSONValue?, _ defaults: RunnerLimits) -> RunnerLimits {
        var limits = defaults
        if let memory = bytes(given?["memory"]) { limits.memory = memory }
        if let cpus = given?["cpus"]?.number { limits.cpus = cpus }
        if let processes = given?["processes"]?.integer { limits.processes = processes }
        if let disk = bytes(given?["disk"]) { limits.disk = disk }
        return limits
    }

    /// As people write it, "2GB", or a number.
    private nonisolated static func bytes(_ value: JSONValue?) -> Int? {
        value?.string.flatMap { Units.bytes($0) } ?? value?.number.map { Int($0) }
    }
}

/// A digest of parts that are told apart from each other.
private struct SpecMark {
    private var bytes: [UInt8] = []

    mutating func add(_ parts: String...) { add(parts) }

    mutating func add(_ parts: [String]) {
        bytes += Array("\(parts.count);".utf8)
        for part in parts { bytes += Array("\(part.utf8.count):\(part)".utf8) }
    }

    var text: String { Hex.encode(SHA256.hash(bytes).prefix(8)) }
}
