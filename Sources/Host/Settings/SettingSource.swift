import Runtime

/// Where settings come from, strongest first: the command line, the environment, the `.env` file, the profile, the
/// defaults.
struct SettingSource: Sendable {
    enum Origin: Sendable, Equatable {
        case commandLine, environment, file(String), profile(String), fallback

        var description: String {
            switch self {
            case .commandLine: "command line"
            case .environment: "environment"
            case .file(let path): path
            case .profile(let name): "profile \(name)"
            case .fallback: "default"
            }
        }
    }

    struct Layer: Sendable {
        let origin: Origin
        let values: [String: String]

        /// Names of the environment that begin like ours and are not for us: clients and the seeder read the first two;
        /// Kubernetes gives the rest to every container beside a service that is called perigee.
        func isForOthers(_ name: String) -> Bool {
            guard origin == .environment else { return false }
            return name == "PERIGEE_URL" || name == "PERIGEE_KEY" || name.hasPrefix("PERIGEE_SERVICE_")
                || name.hasPrefix("PERIGEE_PORT_") || name == "PERIGEE_PORT" && values[name]?.contains("://") == true
        }
    }

    let layers: [Layer]

    /// The text in force for a setting. A value that is set but empty counts as not set, as shells and compose files
    /// write it.
    func text(of setting: any AnySetting) -> (text: String, origin: Origin) {
        for layer in layers {
            if let value = layer.values[setting.name], !value.isEmpty { return (value, layer.origin) }
        }
        return (setting.fallback, .fallback)
    }

    /// Variables that are nobody's setting, strongest layer first.
    func values(withPrefix prefix: String) -> [String: String] {
        var values: [String: String] = [:]
        for layer in layers {
            for (name, value) in layer.values where name.hasPrefix(prefix) && values[name] == nil {
                values[name] = value
            }
        }
        return values
    }

    /// One line for each value that will not do, and for each `PERIGEE_*` name that nobody knows.
    func problems(with settings: [any AnySetting]) -> [String] {
        let unusable = settings.compactMap { setting -> String? in
            let (text, origin) = text(of: setting)
            guard origin != .fallback, !setting.accepts(text) else { return nil }
            let shown = setting.isSecret ? "the given value" : "\"\(text)\""
            return "\(setting.name): \(shown) is not \(setting.acceptedDescription) (from \(origin.description))"
        }
        return unusable + unknownNames(besides: settings)
    }

    private func unknownNames(besides settings: [any AnySetting]) -> [String] {
        let known = Set(settings.map(\.name))
        return layers.flatMap { layer in
            layer.values.keys.sorted().compactMap { name in
                // Other programs own the rest of the environment, scripts SCRIPT_*; a command line and PERIGEE_* are
                // meant for us.
                let isFamily = SettingTable.families.contains { name.hasPrefix($0.prefix) }
                let isOurs =
                    name.hasPrefix("PERIGEE_")
                    || layer.origin == .commandLine && !name.hasPrefix("SCRIPT_") && !isFamily
                guard isOurs, !known.contains(name), !layer.isForOthers(name) else { return nil }
                let advice = NearestName.of(name, among: known).map { "did you mean \($0)?" }
                return "\(name): no such setting in the \(layer.origin.description) "
                    + "(\(advice ?? "`perigee config` lists them"))"
            }
        }
    }
}
