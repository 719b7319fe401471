import Runtime

/// Merges what Perigee wants of a configuration file with what a person wrote there.
///
/// `base` is what was wanted when the file was last written, `ours` what is wanted now, `theirs` the file as it is. What
/// only one side changed is changed; where both changed the same, the person is right, or we with `override`. What we no
/// longer want goes, unless the person touched it. Objects are merged member by member, lists are one value.
enum ConfigMerge {
    static func merge(
        base: JSONObject, ours: JSONObject, theirs: JSONObject, override: Bool = false
    ) -> JSONObject {
        var merged = JSONObject()
        for key in keys(theirs, ours) {
            merged[key] = value(base[key], ours[key], theirs[key], override)
        }
        return merged
    }

    /// What of `wanted` says nothing about what `settled` says: for a file that is read after another one and would win.
    static func beside(_ settled: JSONObject, _ wanted: JSONObject) -> JSONObject {
        var rest = JSONObject()
        for member in wanted {
            switch (member.value, settled[member.key]) {
            case (_, nil): rest[member.key] = member.value
            case (.object(let ours), .object(let theirs)?):
                let inner = beside(theirs, ours)
                if !inner.isEmpty { rest[member.key] = .object(inner) }
            default: break
            }
        }
        return rest
    }

    /// Theirs in their order, then what only we have.
    private static func keys(_ theirs: JSONObject, _ ours: JSONObject) -> [String] {
        theirs.map(\.key) + ours.lazy.map(\.key).filter { theirs[$0] == nil }
    }

    private static func value(
        _ base: JSONValue?, _ ours: JSONValue?, _ theirs: JSONValue?, _ override: Bool
    ) -> JSONValue? {
        if override, let ours {
            guard case .object(let wanted) = ours, case .object(let found)? = theirs else { return ours }
            return .object(merge(base: object(base) ?? [:], ours: wanted, theirs: found, override: true))
        }
        if theirs == base { return ours }
        if ours == base || ours == theirs { return theirs }
        // Both changed it. Objects hold more than one thing; one that a side removed counts as emptied.
        let former = object(base)
        if let wanted = object(ours) ?? (ours == nil && former != nil ? [:] : nil),
            let found = object(theirs) ?? (theirs == nil && former != nil ? [:] : nil)
        {
            let inner = merge(base: former ?? [:], ours: wanted, theirs: found, override: override)
            return inner.isEmpty && (ours == nil || theirs == nil) ? nil : .object(inner)
        }
        return theirs
    }

    private static func object(_ value: JSONValue?) -> JSONObject? {
        if case .object(let members)? = value { members } else { nil }
    }
}
