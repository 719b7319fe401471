import LuaBridge

/// What scripts may use, by what they are called for.
public struct ScriptLimits: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case load, hook, route, job, tool, console
    }

    /// Of one call.
    public struct Call: Sendable, Equatable {
        /// Computing time of its own thread, so that a busy machine ends no script that behaves.
        public var computing: Duration
        /// From its begin to its end, waits included.
        public var wall: Duration
        /// Bytes of what it gives back.
        public var result: Int

        public init(computing: Duration, wall: Duration, result: Int) {
            self.computing = computing
            self.wall = wall
            self.result = result
        }
    }

    /// Bytes that one generation may hold.
    public var memory = 64 << 20
    private var calls: [Kind: Call] = [
        .load: Call(computing: .seconds(1), wall: .seconds(5), result: 1 << 20),
        .hook: Call(computing: .seconds(1), wall: .seconds(60), result: 1 << 20),
        .route: Call(computing: .seconds(2), wall: .seconds(300), result: 4 << 20),
        .job: Call(computing: .seconds(30), wall: .seconds(3600), result: 4 << 20),
        .tool: Call(computing: .seconds(2), wall: .seconds(60), result: 4 << 20),
        .console: Call(computing: .seconds(5), wall: .seconds(300), result: 4 << 20),
    ]

    public init() {}

    public subscript(kind: Kind) -> Call {
        get { calls[kind]! }
        set { calls[kind] = newValue }
    }

    /// Of a whole state: the widest of its calls, each of which is narrowed when it is made.
    var ofState: LuaLimits {
        var limits = LuaLimits()
        limits.memory = memory
        limits.resultSize = calls.values.map(\.result).max() ?? limits.resultSize
        limits.runningTime = self[.hook].computing
        return limits
    }
}
