import Runtime

extension OpencodePermission {
    /// What a person is asked: all of what would be done, because nobody should allow what they have not read.
    func question(_ tool: OpencodeTool?) -> String {
        let wanted = command(of: tool) ?? patterns.joined(separator: ", ")
        guard !wanted.isEmpty else { return "Use `\(name)`?" }
        return switch name {
        case "bash": "Run `\(wanted)`?"
        case "edit": "Change `\(wanted)`?"
        case "read": "Read `\(wanted)`?"
        case "webfetch": "Fetch `\(wanted)`?"
        case "external_directory": "Work outside of the workspace, in `\(wanted)`?"
        case "doom_loop": "Go on with `\(wanted)`? It did exactly the same several times."
        default: "Use `\(name)` for `\(wanted)`?"
        }
    }

    /// The patterns of a command are its parts, and may be fewer than what it does.
    private func command(of tool: OpencodeTool?) -> String? {
        guard name == "bash" else { return nil }
        return [tool?.input["command"], metadata["command"]].lazy.compactMap { $0?.string }.first { !$0.isEmpty }
    }
}
