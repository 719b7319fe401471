public import LuaBridge

/// What a gc job's `plan` function says: each item that could go or stays, with the reason. It changes nothing.
@Loop
public final class PlanList {
    /// More than this is a mistake in the script rather than a large plan.
    public nonisolated static let limit = 100_000

    public private(set) var entries: [PlanEntry] = []
    private var known: Set<PlanEntry.Subject> = []
    private let kinds: [String]

    /// `kinds` are those that can be removed.
    public init(kinds: [String]) { self.kinds = kinds.sorted() }

    /// The `add` that scripts get.
    public var add: LuaValue {
        .table(
            Dictionary(
                uniqueKeysWithValues: PlanList.functions { [weak self] action, call in
                    guard let self else { throw ScriptMistake("add is used after `plan` has ended") }
                    try put(action, call)
                }.map { (.string($0.name), .host($0.function(owner: "add."))) }))
    }

    /// The functions of `add`, for the stubs and the documentation.
    public static var functions: [HostFunction] { functions { _, _ in } }

    private static func functions(
        _ put: @escaping (PlanEntry.Action, HostCall) throws -> Void
    ) -> [HostFunction] {
        [
            HostFunction(
                "remove", "Lists an item to remove. The host looks at it again just before it does so.", parameters,
                example: #"add.remove(tree, "unused for 20 days")"#
            ) {
                try put(.remove, $0)
                return .nil
            },
            HostFunction(
                "keep", "Lists an item that stays, so that the plan shows why.", parameters,
                example: #"add.keep(tree, "uncommitted changes")"#
            ) {
                try put(.keep, $0)
                return .nil
            },
        ]
    }

    private static var parameters: [Field] {
        [
            .required("item", .record(item), "an item as a host listing gave it"),
            .required("reason", .text(max: 500), "why, for the person who reads the plan"),
        ]
    }

    private static var item: Record {
        Record(
            "host.PlanItem", "Something that a host listing gave and that can be removed.", isOpen: true,
            [
                .required("kind", .text(max: 64), "what it is, such as \"trash\""),
                .required("id", .either([.text(max: 1024), .integer()]), "which one of its kind"),
                .optional("label", .text(max: 500), "its name for people; the id when left out"),
                .optional("bytes", .integer(0 ... .max), "what its removal frees, as far as is known"),
                .optional(
                    "since", .number(),
                    "since when it is of no use, in seconds since the epoch; `last_used`, `removed`, `removed_at`, "
                        + "`ended` or `started` of the item when left out"),
                .optional(
                    "stamp", .either([.text(max: 200), .number()]), "its state when it was listed; a changed one stays"),
            ])
    }

    /// Takes one line down; a second one of the same item, and a kind that nobody can remove, are refused.
    public func put(_ entry: PlanEntry) throws {
        let place = "add.\(entry.action.rawValue)"
        if entry.action == .remove, !kinds.contains(entry.kind) {
            let near = NearestName.of(entry.kind, among: kinds).map { "did you mean \"\($0)\"?" }
            throw ScriptMistake(
                "\(place): nothing of kind \"\(entry.kind)\" can be removed; "
                    + (near ?? "known kinds are \(kinds.joined(separator: ", "))"))
        }
        guard entries.count < PlanList.limit else {
            throw ScriptMistake("\(place): a plan holds at most \(PlanList.limit) items")
        }
        guard known.insert(PlanEntry.Subject(kind: entry.kind, id: entry.id)).inserted else {
            throw ScriptMistake("\(place): \(entry.kind) \"\(entry.id)\" is in the plan already")
        }
        entries.append(entry)
    }

    private func put(_ action: PlanEntry.Action, _ call: HostCall) throws {
        let item = call.options("item")
        guard let kind = item["kind"].plainText, let id = item["id"].plainText, !id.isEmpty else {
            throw ScriptMistake("add.\(action.rawValue): kind and id must be valid UTF-8 and not empty")
        }
        try put(
            PlanEntry(
                action: action, kind: kind, id: id, label: item.text("label"), reason: call.text("reason"),
                bytes: item.integer("bytes"), stamp: item["stamp"].plainText, since: PlanList.since(item)))
    }
}

extension PlanList {
    /// In milliseconds, as the item or its listing says it.
    private static func since(_ item: HostOptions) -> Int64? {
        for name in ["since", "last_used", "removed", "removed_at", "ended", "started"] {
            if let seconds = item[name].number, abs(seconds) < 1e12 { return Int64(seconds * 1000) }
        }
        return nil
    }
}

/// One line of a plan.
public struct PlanEntry: Sendable, Equatable {
    public enum Action: String, Sendable, CaseIterable, Storable { case remove, keep }

    /// What makes an item the same item.
    struct Subject: Hashable {
        let kind: String
        let id: String
    }

    public var action: Action
    public var kind: String
    public var id: String
    public var label: String
    public var reason: String
    public var bytes: Int64?
    /// The item's state when it was listed, to be compared with its state before it is removed.
    public var stamp: String?
    /// Since when it is of no use, in milliseconds since the epoch.
    public var since: Int64?

    public init(
        action: Action, kind: String, id: String, label: String? = nil, reason: String, bytes: Int64? = nil,
        stamp: String? = nil, since: Int64? = nil
    ) {
        self.action = action
        self.kind = kind
        self.id = id
        self.label = label ?? id
        self.reason = reason
        self.bytes = bytes
        self.stamp = stamp
        self.since = since
    }
}

extension LuaValue {
    /// Text that is text, and numbers written out; nil for a string that is not UTF-8.
    fileprivate var plainText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): Int64(exactly: number).map { String($0) } ?? String(number)
        default: nil
        }
    }
}
