public import LuaBridge

/// All scripts loaded together at one moment. It never changes; the next one takes its place.
///
/// Work keeps the generation it began with: `retain` before, `release` after. A replaced generation closes its state
/// when the last of them is over.
@Loop
public final class Generation {
    public let number: Int
    /// Seconds since the epoch.
    public let began: Double
    public let files: [ScriptFile]
    public let limits: ScriptLimits
    public let table: HostTable
    public let state: LuaState
    public private(set) var contents: GenerationContents
    private let codes: [String: LuaCode]
    private var users = 0
    private var isRetired = false
    private var whenClosed: [() -> Void] = []

    init(
        number: Int, began: Double, _ set: ScriptSet, _ limits: ScriptLimits, _ table: HostTable, _ state: LuaState,
        _ contents: GenerationContents, codes: [String: LuaCode]
    ) {
        self.number = number
        self.began = began
        files = set.files
        self.limits = limits
        self.table = table
        self.state = state
        self.contents = contents
        self.codes = codes
    }

    /// Bytes that its state holds.
    public var usedMemory: Int { state.usedMemory }
    /// Calls that are under way in it.
    public var callCount: Int { users }
    public var isClosed: Bool { state.isClosed }

    public func retain() { users += 1 }

    public func release() {
        precondition(users > 0, "a generation was released twice")
        users -= 1
        if users == 0, isRetired { close() }
    }

    /// Takes no new calls from here on; ends when it is idle.
    func retire() {
        isRetired = true
        if users == 0 { close() }
    }

    /// At once, whatever is still going on in it.
    func close() {
        guard !state.isClosed else { return }
        contents = GenerationContents()
        state.close()
        let waiting = whenClosed
        whenClosed = []
        for tell in waiting { tell() }
    }

    /// Calls back when the last work in it is over; at once when it is already.
    func onClose(_ tell: @escaping () -> Void) {
        if state.isClosed { tell() } else { whenClosed.append(tell) }
    }

    func keep(_ facts: KeptFacts, as name: String) { contents.kept[name] = facts }

    /// A state of its own with the same scripts to `require`, for the console. The caller closes it.
    public func fresh() throws -> LuaState {
        try GenerationBuilder.state(table, limits, codes)
    }
}

/// What the scripts of a generation declare.
@Loop
public struct GenerationContents {
    var chains: [String: HookChain] = [:]
    public var jobs: [ScriptJob] = []
    public var routes: [ScriptRoute] = []
    var routeTable = RouteTable([])
    public var personas: [ScriptDeclaration] = []
    /// Those that are offered, read once, in the order of their files.
    var offeredPersonas: [ScriptPersona] = []
    public var integrations: [ScriptIntegration] = []
    fileprivate(set) var kept: [String: KeptFacts] = [:]

    nonisolated init() {}
}

extension Generation {
    public var jobs: [ScriptJob] { contents.jobs }
    public var routes: [ScriptRoute] { contents.routes }
    public var personas: [ScriptDeclaration] { contents.personas }
    public var integrations: [ScriptIntegration] { contents.integrations }

    /// The scripts that have a say in a hook, the outermost first.
    public func scripts(of hook: String) -> [String] { contents.chains[hook]?.links.reversed().map(\.script) ?? [] }
    public func has(_ hook: String) -> Bool { contents.chains[hook] != nil }
}
