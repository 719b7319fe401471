import Runtime

/// Where Docker finds what Perigee knows by its own paths. On the same machine that is the same path; in a container it
/// depends on what is mounted there.
struct MountMap: Sendable, Equatable {
    enum Source: Sendable, Equatable {
        case directory(String)
        case volume(String)
    }

    /// How an engine takes a part of what `place` says.
    enum Part: Sendable, Equatable {
        case mount(ContainerOrder.Mount.Source)
        /// By the place that this volume has on the engine's machine.
        case byPlace(volume: String, rest: String)

        /// Engines before API 1.45 cannot mount a part of a volume.
        init(_ source: Source, _ rest: String, takesSubpaths: Bool) {
            switch source {
            case .directory(let base): self = .mount(.directory(Part.joined(base, rest)))
            case .volume(let name) where rest.isEmpty: self = .mount(.volume(name, subpath: nil))
            case .volume(let name) where takesSubpaths: self = .mount(.volume(name, subpath: rest))
            case .volume(let name): self = .byPlace(volume: name, rest: rest)
            }
        }

        /// A volume that is mounted from elsewhere has no directory that is it before somebody uses it.
        static func directory(in volume: DockerVolume, _ rest: String) throws -> ContainerOrder.Mount.Source {
            guard volume.driver == "local", volume.options.isEmpty else {
                throw Fault(
                    .unavailable, "the volume \(volume.name) cannot be mounted in part by this version of Docker",
                    hint: "update Docker to 26 or later, or set HOST_WORKSPACES_DIR", isRetryable: false)
            }
            return .directory(joined(volume.mountpoint, rest))
        }

        private static func joined(_ base: String, _ rest: String) -> String {
            rest.isEmpty ? base : base.hasSuffix("/") ? base + rest : "\(base)/\(rest)"
        }
    }

    private struct Rule: Sendable, Equatable {
        let prefix: String
        let source: Source
    }

    private let rules: [Rule]

    /// The longest prefix counts; of equal ones the first.
    init(_ rules: [(prefix: String, source: Source)]) {
        self.rules = rules.map { prefix, source in
            Rule(prefix: prefix.count > 1 && prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix, source: source)
        }
    }

    /// From what is mounted in Perigee's own container; what the settings say comes first.
    init(mounts: [DockerContainerDetails.Mount], settings: [(prefix: String, source: Source)]) {
        let own: [(prefix: String, source: Source)] = mounts.compactMap { mount in
            switch (mount.type, mount.name) {
            case ("volume", let name?): (mount.target, .volume(name))
            case ("bind", _): (mount.target, .directory(mount.source))
            default: nil
            }
        }
        self.init(settings + own)
    }

    /// What is to be mounted so that a runner sees this directory.
    func place(of path: String) throws -> (source: Source, rest: String) {
        var best: Rule?
        for rule in rules where rule.prefix.count > best?.prefix.count ?? 0 {
            if path == rule.prefix || rule.prefix == "/" || path.hasPrefix(rule.prefix + "/") { best = rule }
        }
        if let best {
            return (best.source, String(path.dropFirst(best.prefix.count).drop { $0 == "/" }))
        }
        throw Fault(
            .invalidInput, "\(path) is inside of Perigee's own container, where no runner can see it",
            hint: "mount a volume or a directory of the host there, or set HOST_WORKSPACES_DIR or WORKSPACE_VOLUME")
    }
}
