/// What a script is for, told by the directory it lies in.
public enum ScriptKind: String, Sendable, CaseIterable {
    case persona, hook, gc, job, integration, library

    public var directory: String {
        switch self {
        case .persona: "personas"
        case .hook: "hooks"
        case .gc: "gc"
        case .job: "jobs"
        case .integration: "integrations"
        case .library: "lib"
        }
    }

    public init?(directory: some StringProtocol) {
        guard let kind = ScriptKind.allCases.first(where: { $0.directory == directory }) else { return nil }
        self = kind
    }
}
