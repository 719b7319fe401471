import Runtime

extension ToolUse {
    /// Tools run with the user's keys in their environment, and print it when they are asked to.
    func hiding(_ secrets: Redactor) -> ToolUse {
        var tool = self
        tool.title = title.map(secrets.hide(in:))
        tool.input = input.mapStrings(secrets.hide(in:))
        tool.output = secrets.hide(in: output)
        tool.error = error.map(secrets.hide(in:))
        return tool
    }
}

extension JSONValue {
    /// The same with other texts; names of members stay.
    fileprivate func mapStrings(_ change: (String) -> String) -> JSONValue {
        switch self {
        case .string(let text): return .string(change(text))
        case .array(let elements): return .array(elements.map { $0.mapStrings(change) })
        case .object(let members):
            return .object(JSONObject(members.map { ($0.key, $0.value.mapStrings(change)) }))
        default: return self
        }
    }
}
