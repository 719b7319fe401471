import Runtime

/// Settings whose names have a word of the owner's own in the middle: `OZ_PROVIDER_<KEY>_MODEL`. Without the word they
/// hold for every such word that has none of its own.
struct SettingFamily: Sendable {
    /// Up to the owner's word.
    let prefix: String
    /// What the word is, as `perigee config --markdown` shows it.
    let placeholder: String
    /// One of them, in words, for errors.
    let subject: String
    /// Named by what follows the owner's word.
    let members: [Setting<String>]
    /// Named by what follows the prefix; the owner's word, if any, comes last.
    let openMembers: [Setting<String>]

    /// Nil for names that the family does not have.
    func setting(named name: String) -> Setting<String>? {
        guard let (_, member) = parts(of: name) else { return nil }
        return Setting(
            name: name, fallback: member.fallback, accepts: member.accepts, purpose: member.purpose,
            isSecret: member.isSecret)
    }

    /// The owner's word, nil where there is none, and what the setting is.
    func parts(of name: String) -> (key: String?, member: Setting<String>)? {
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        for member in openMembers {
            if rest == member.name { return (nil, member) }
            if rest.hasPrefix("\(member.name)_"), rest.count > member.name.count + 1 {
                return (String(rest.dropFirst(member.name.count + 1)), member)
            }
        }
        if let member = members.first(where: { rest == $0.name }) { return (nil, member) }
        // The longest end wins: BASE_URL, not a member URL of the word X_BASE.
        let fitting = members.filter { rest.hasSuffix("_\($0.name)") && rest.count > $0.name.count + 1 }
        return fitting.max { $0.name.count < $1.name.count }.map { member in
            (String(rest.dropLast(member.name.count + 1)), member)
        }
    }

    /// The name that somebody probably meant.
    func nearest(to name: String) -> String? {
        let rest = name.dropFirst(prefix.count)
        var candidates: [String] = (members + openMembers).map { prefix + $0.name }
        for mark in rest.indices where rest[mark] == "_" {
            candidates += members.map { "\(prefix)\(rest[..<mark])_\($0.name)" }
        }
        return NearestName.of(name, among: candidates)
    }

    /// For the page of settings.
    var shown: [Setting<String>] {
        members.map { $0.renamed("\(prefix)<\(placeholder)>_\($0.name)") }
            + openMembers.map { $0.renamed("\(prefix)\($0.name)") }
    }
}

extension Setting {
    func renamed(_ name: String) -> Setting {
        Setting(name: name, fallback: fallback, accepts: accepts, purpose: purpose, isSecret: isSecret)
    }
}

extension SettingSource {
    /// Those settings of families that somebody has set, in the order of their names.
    func settings(of families: [SettingFamily]) -> [any AnySetting] {
        let names = Set(layers.flatMap(\.values.keys)).sorted()
        return names.compactMap { name in families.lazy.compactMap { $0.setting(named: name) }.first }
    }

    /// A line for each name that begins like a family's and is none of it.
    func strangers(to families: [SettingFamily]) -> [String] {
        layers.flatMap { layer in
            layer.values.keys.sorted().compactMap { name in
                guard let family = families.first(where: { name.hasPrefix($0.prefix) }),
                    family.setting(named: name) == nil
                else { return nil }
                let advice = family.nearest(to: name).map { "did you mean \($0)?" }
                return "\(name): \(family.subject) has no such setting, in the \(layer.origin.description) "
                    + "(\(advice ?? "`perigee config --markdown` lists them"))"
            }
        }
    }
}
