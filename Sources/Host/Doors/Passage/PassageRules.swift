import Runtime

/// What becomes of one call.
struct PassageRule: Sendable {
    /// What is done with the answer before it is passed on.
    enum Answer: Sendable, Equatable {
        /// Nothing: byte by byte.
        case whole
        /// Keys in it are blanked out.
        case masked
        /// Of a list (below this member, if one is named), only what is in the workspace: by the directory there.
        case list(in: String?, by: [String])
        /// A project, with only those of its directories that are in the workspace.
        case project
        /// Of a stream of events, only those of the workspace.
        case events

        var isRead: Bool { self != .whole }
    }

    var answer = Answer.whole
    var style = PassageTarget.Style.directory
    /// Which segment names a session.
    var sessionPlace: Int?
    /// The query's `path` is one below the directory.
    var namesPath = false
    /// Answers when the agent has finished.
    var isSlow = false

    func session(in segments: [String]) -> String? { sessionPlace.map { segments[$0] } }
}

/// Which calls of opencode's servers stay within one workspace. What is not named here reaches further, or is not known:
/// it needs the scope `admin`. `docs/passage.md` has the same table for people.
enum PassageRules {
    static func rule(_ method: Method, _ target: PassageTarget, isAdmin: Bool) throws -> PassageRule {
        let verb = method == .head ? Method.get : method
        guard var rule = table.first(where: { $0.matches(verb, target.segments) })?.rule else {
            if isAdmin { return PassageRule() }
            throw Fault(
                .denied,
                "\(method.rawValue) /\(target.segments.joined(separator: "/")) reaches beyond one workspace, "
                    + "or is not known here",
                hint: "docs/passage.md lists what is passed on; the rest needs a key with the scope `admin`")
        }
        if isAdmin, rule.answer == .masked { rule.answer = .whole }
        return rule
    }

    /// A line of the table, taken apart.
    struct Line: Sendable {
        private let methods: [Method]
        private let pattern: [Substring]
        let rule: PassageRule

        /// `*` is one segment, `**` all that follow, `{session}` the id of a session.
        init(_ text: String, _ rule: PassageRule) {
            let parts = text.split(separator: " ")
            methods = parts.dropLast().compactMap { Method(rawValue: String($0)) }
            precondition(methods.count == parts.count - 1, "no method: \(text)")
            pattern = parts[parts.count - 1].split(separator: "/")
            var rule = rule
            rule.sessionPlace = pattern.firstIndex(of: "{session}")
            self.rule = rule
        }

        func matches(_ method: Method, _ segments: [String]) -> Bool {
            guard methods.contains(method), !segments.contains("") else { return false }
            for (index, part) in pattern.enumerated() {
                if part == "**" { return index < segments.count }
                guard index < segments.count else { return false }
                if part != "*", part != "{session}", part != segments[index] { return false }
            }
            return segments.count == pattern.count
        }
    }

    private static let plain = PassageRule()
    private static let slow = PassageRule(isSlow: true)
    private static let masked = PassageRule(answer: .masked)
    private static let located = PassageRule(style: .location)
    private static let path = PassageRule(namesPath: true)
    private static let events = PassageRule(answer: .events)
    private static let byDirectory = PassageRule(answer: .list(in: nil, by: ["directory"]))

    /// The first line that fits counts.
    static let table: [Line] =
        ([
            // The server itself.
            "GET global/health": plain, "GET api/health": plain, "GET api/info": plain, "GET doc": plain,
            "GET openapi.json": plain, "GET global/event": events, "GET api/event": events, "POST log": plain,
            "GET global/config": masked,
            // A directory.
            "GET event": plain, "GET config": masked, "PATCH config": masked, "GET config/providers": masked,
            "GET path": plain, "GET vcs": plain, "GET vcs/*": plain, "GET vcs/diff/raw": plain, "POST vcs/apply": plain,
            "GET command": plain, "GET agent": plain, "GET skill": plain, "GET lsp": plain, "GET formatter": plain,
            "GET experimental/capabilities": plain, "GET experimental/tool": plain, "GET experimental/tool/ids": plain,
            "GET experimental/resource": plain, "POST instance/dispose": plain, "GET provider": masked,
            "GET provider/auth": plain, "GET mcp": plain, "POST mcp": plain, "POST mcp/*/connect": plain,
            "POST mcp/*/disconnect": plain, "GET file": path, "GET file/content": path, "GET file/status": plain,
            "GET find": plain, "GET find/*": plain, "GET permission": plain, "POST permission/*/reply": plain,
            "GET question": plain, "POST question/*/reply": plain, "POST question/*/reject": plain,
            "GET project": PassageRule(answer: .list(in: nil, by: ["worktree"])),
            "GET project/current": PassageRule(answer: .project), "POST project/git/init": plain,
            // Its control queue belongs to the whole server.
            "POST tui/*": plain,
            "GET pty/shells": plain, "GET POST pty": plain, "GET PUT DELETE pty/*": plain,
            "POST pty/*/connect-token": plain, "GET pty/*/connect": plain,
            // Sessions.
            "GET session": byDirectory, "POST session": plain, "GET session/status": plain,
            "GET experimental/session": byDirectory, "POST experimental/session/{session}/background": plain,
            "POST session/{session}/**": slow, "GET PUT PATCH DELETE session/{session}/**": plain,
            "GET PATCH DELETE session/{session}": plain,
            // The newer calls, which name a place instead of a directory.
            "GET api/location": located, "GET api/agent": located, "GET api/command": located, "GET api/skill": located,
            "GET api/reference": located, "GET api/model": PassageRule(answer: .masked, style: .location),
            "GET api/provider": PassageRule(answer: .masked, style: .location),
            "GET api/provider/*": PassageRule(answer: .masked, style: .location),
            "GET api/permission/request": located, "GET api/question/request": located,
            "GET api/fs/list": PassageRule(style: .location, namesPath: true), "GET api/fs/find": located,
            "GET POST api/pty": located, "GET PUT DELETE api/pty/*": located,
            "POST api/pty/*/connect-token": located, "GET api/pty/*/connect": located,
            "GET api/session": PassageRule(answer: .list(in: "data", by: ["location", "directory"])),
            "POST api/session/{session}/**": slow, "GET PATCH DELETE api/session/{session}/**": plain,
            "GET PATCH DELETE api/session/{session}": plain,
        ] as KeyValuePairs<String, PassageRule>).map { Line($0.key, $0.value) }
}
