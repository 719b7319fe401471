import Runtime

/// A runner as a container: what its specification, its image and the settings come to. Nothing is asked of anybody here.
struct RunnerPlan: Sendable {
    static let port = 4096
    /// Bytes in `/tmp` where nothing else is said; they count as memory.
    private static let scratch = 1 << 30

    let spec: RunnerSpec
    let image: DockerImage
    /// `uid:gid`.
    let user: String
    let isReadOnly: Bool
    let network: String
    /// Of the network that was made for it: a name may stand for two.
    var networkID: String?
    /// Published on the machine's loopback; else it is reached by its address.
    let isPublished: Bool
    /// Tells this start from every other.
    let token: String
    /// Whether variables are read from standard input, which needs a shell in the image.
    var hidesSecrets = true
    /// From Perigee's paths to mounts that Docker can make.
    let mounts: [ContainerOrder.Mount]

    /// Where the runner has what it keeps, by hash and key signature.
    private static func inside(_ part: String, _ spec: RunnerSpec) -> String {
        let name = part == "data" ? "share" : part
        return "/data/\(name)/\(spec.workspace)/\(spec.keySignature)"
    }

    /// What of Perigee's paths is mounted where.
    static func places(_ spec: RunnerSpec) -> [(path: String, target: String)] {
        [(spec.directory, spec.directory)]
            + RunnerSpec.privateParts.map { ("\(spec.privateDirectory)/\($0)", inside($0, spec)) }
    }

    var order: ContainerOrder {
        var order = ContainerOrder(image.id)
        // One empty word is Docker's way to say "none at all".
        order.entryPoint = hidesSecrets ? SecretInput.entryPoint : [""]
        order.command = command
        order.takesInput = hidesSecrets
        order.environment = environment
        order.directory = spec.directory
        order.user = user
        order.labels = labels
        order.mounts = mounts + memory
        order.network = networkID ?? network
        order.extraHosts = ["host.docker.internal:host-gateway"]
        order.ports = isPublished ? [RunnerPlan.port] : []
        order.memory = spec.limits.memory
        order.cpus = spec.limits.cpus
        order.processes = spec.limits.processes
        order.isReadOnly = isReadOnly
        return order
    }

    /// The program with RU-05's words, where it does not have them.
    var command: [String] {
        var words = spec.command
        if words.isEmpty { words = image.entryPoint.isEmpty ? ["opencode"] : image.entryPoint }
        if !words.contains("serve") { words.append("serve") }
        if !words.contains(where: { $0.hasPrefix("--hostname") }) { words += ["--hostname", "0.0.0.0"] }
        if !words.contains(where: { $0.hasPrefix("--port") }) { words += ["--port", "\(RunnerPlan.port)"] }
        return words
    }

    private var environment: [String: String] {
        var all = spec.environment
        all["XDG_CONFIG_HOME"] = RunnerPlan.inside("config", spec)
        all["XDG_DATA_HOME"] = RunnerPlan.inside("data", spec)
        all["XDG_STATE_HOME"] = RunnerPlan.inside("state", spec)
        all["XDG_CACHE_HOME"] = RunnerPlan.inside("cache", spec)
        all["HOME"] = RunnerPlan.inside("home", spec)
        if !hidesSecrets { for (name, secret) in spec.secrets { all[name] = secret.reveal() } }
        return all
    }

    private var labels: [String: String] {
        [
            RunnerLabel.runner: "true", RunnerLabel.workspace: spec.workspace,
            RunnerLabel.keySignature: spec.keySignature,
            RunnerLabel.signature: spec.signature, RunnerLabel.start: token,
            RunnerLabel.image: image.digests.first ?? image.id,
        ]
    }

    private var memory: [ContainerOrder.Mount] {
        let bytes = min(spec.limits.disk ?? RunnerPlan.scratch, RunnerPlan.scratch)
        return [.init(.memory(bytes: bytes), at: "/tmp")]
    }
}

/// Labels of runners. The first three are those that deployments of this kind look for already.
enum RunnerLabel {
    static let runner = "open-persona.runner"
    static let workspace = "open-persona.workspace"
    static let keySignature = "open-persona.keysig"
    static let signature = "perigee.signature"
    static let start = "perigee.start"
    static let image = "perigee.image"
}
