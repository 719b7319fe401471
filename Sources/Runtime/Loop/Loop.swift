/// The isolation of everything that belongs to the loop thread: sockets, Lua states, and all mutable state of Runtime
/// and Host. The compiler proves that nothing else touches it, so there are no locks above this room.
///
/// One process has one loop. `Loop.run` gives it the calling thread; where nobody did (in tests), the first task that
/// needs it starts a thread for it.
@globalActor
public actor Loop {
    public static let shared = Loop()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        LoopExecutor.shared.asUnownedSerialExecutor()
    }

    /// Runs the loop on the calling thread until `body` returns, then gives its result.
    public static func run<Result: Sendable>(_ body: @escaping @Loop () async -> Result) -> Result {
        LoopExecutor.shared.claimCurrentThread()
        let outcome = Outcome<Result>()
        start {
            outcome.value = await body()
            Poller.shared.stop()
        }
        assumeIsolated { Poller.shared.run() }
        return outcome.value!
    }

    /// Starts a task that stays on the loop. Without the preference each wait would visit a thread of the global pool
    /// when it is over, and come back: 10 µs and more for what takes one.
    @discardableResult
    static func start(_ body: @escaping @Loop @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: LoopExecutor.shared, operation: body)
    }

    /// For C callbacks that can only come on the loop thread: says so to the compiler, and traps if it is not so.
    public static func assumeIsolated<Result>(_ body: @Loop () throws -> Result) rethrows -> Result {
        precondition(LoopExecutor.shared.isCurrent, "called outside the loop thread")
        return try withoutActuallyEscaping(body) {
            try unsafeBitCast($0, to: (() throws -> Result).self)()
        }
    }

    /// Runs `work` on the loop soon; the one door for other threads.
    public nonisolated static func post(_ work: @escaping @Loop @Sendable () -> Void) {
        LoopExecutor.shared.post(work)
    }

    /// The time at which this turn began.
    @Loop public static var now: Instant { Poller.shared.now }

    /// Lets everybody else have a turn first.
    @Loop public static func yield() async {
        await withUnsafeContinuation { Poller.shared.resumeNextTurn($0) }
    }

    /// Calls `ending.turnEnds()` once, when the events of this turn have been dealt with: the place to gather output.
    @Loop public static func atTurnEnd(_ ending: any TurnEnding) {
        Poller.shared.atTurnEnd(ending)
    }

    private final class Outcome<Value>: @unchecked Sendable {
        var value: Value?
    }
}

/// Something with work to do once at the end of a turn, such as one write for all that was put into a buffer.
@Loop
public protocol TurnEnding: AnyObject {
    func turnEnds()
}
