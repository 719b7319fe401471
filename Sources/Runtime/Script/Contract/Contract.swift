/// What scripts are held to, kind by kind: the same tables check a script when it is loaded, check what it decides, and
/// write the editor's stubs and `docs/lua.md`.
public enum Contract {
    public static let hooks: [HookContract] = [
        identify, classify, choosePersona, place, userQuota, runner, opencodeConfig, render, permission, leave, recover,
        reconcile,
        routeProvider, artifacts, push, finished,
    ]

    /// What a file in `hooks/` returns: any of the hooks, and routes.
    public static let hookFile = Record(
        "host.HookFile", "What a file in hooks/ returns: hook functions by name, and routes.",
        hooks.map { .optional($0.name, .function($0.signature), $0.summary) } + [
            .optional("routes", routes, "HTTP endpoints of the owner's own, under /x.")
        ])

    public static func hook(named name: String) -> HookContract? { hooks.first { $0.name == name } }

    /// The hook that somebody probably meant.
    public static func nearestHook(to name: String) -> String? {
        NearestName.of(name, among: hookFile.fields.map(\.name))
    }

    /// Why something did not work, as scripts see every expected failure.
    public static let error = Record(
        "host.Error", "Why something did not work. It prints well.",
        [
            .required("kind", .choice(Fault.Kind.allCases.map(\.rawValue)), "What sort of failure."),
            .required("message", .text(), "What failed, on what, and why."),
            .optional("hint", .text(), "What to try next."),
            .required("retryable", .boolean, "Whether the same call may work a little later."),
            .required("status", .integer(), "The HTTP status that says the same."),
        ])
}

// What several records have in common.
extension Contract {
    /// An id or a short name.
    static let word = Shape.text(max: 256)
    /// Seconds since the epoch.
    static let moment = Shape.number(0 ... .infinity)
    static let count = Shape.integer(0 ... .max)
    static let door = Shape.choice(["openai", "tasks", "oz", "manage", "passage", "site", "script"])
    static let engine = Shape.choice(["opencode", "provider", "worker", "rehearsal"])
    static let runnerMode = Shape.choice(["shared", "process", "container", "rehearsal"])

    /// How every decision says why; it is kept with the run and shown in its story.
    static let reason = Field.optional(
        "reason", .text(max: 500), "Why, in a few words; kept with the run and shown in its story.")

    /// Names of scripts' own things: jobs, personas, tools, integrations.
    static let name = Shape.grammar(name: "a name of small letters, digits, `_` and `-`") { text in
        guard let first = text.utf8.first else { return "it is empty" }
        if text.utf8.count > 64 { return "\"\(text)\" is longer than 64 letters" }
        guard UInt8(ascii: "a")...UInt8(ascii: "z") ~= first else {
            return "\"\(text)\" must begin with a small letter"
        }
        let isGood = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
        }
        return isGood ? nil : "\"\(text)\" has other characters than small letters, digits, `_` and `-`"
    }
}
