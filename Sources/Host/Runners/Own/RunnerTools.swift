import Runtime

/// What every runner of our own needs of the house.
@Loop
struct RunnerTools {
    let backend: any RunnerBackend
    let book: RunnerBook
    let starts: StartQueue
    let places: RunnerPlaces
    let directories: PrivateDirectories
    /// Speaks with what answers at a place.
    let connect: @Loop (RunnerPlace) throws -> OpencodeServer
    /// Milliseconds since the epoch.
    let now: @Loop () -> Int64
    /// Told of each new state of a runner, by its name.
    let onChange: @Loop (String, RunnerLife.State) -> Void
    let log: Log
    let scope: Scope
    var patience = RunnerPatience()

    /// Work of the runners' own: it has its own bounds, whoever's request set it off.
    @discardableResult
    func spawn(_ name: String, _ body: @escaping @Loop () async throws -> Void) -> Task<Void, Never> {
        scope.spawn(name) { try await Deadline.lifted { try await body() } }
    }
}

/// How long runners are waited for, beside what their descriptions say.
struct RunnerPatience: Sendable {
    /// A start, images that are pulled included.
    var start = Duration.seconds(1800)
    /// Between two looks at one that does not answer yet, doubled from the first to the last.
    var firstLook = Duration.milliseconds(50)
    var lastLook = Duration.milliseconds(500)
    /// One look at a runner that should be well.
    var probe = Duration.seconds(5)
    /// For a runner to put its things in order before it is stopped.
    var farewell = Duration.seconds(5)
    /// For its program to end by itself.
    var grace = Duration.seconds(10)
    /// How long those who come to one that is drained wait for those who are on it.
    var drain = Duration.seconds(30)
    /// A free place.
    var place = Duration.seconds(300)
    /// Until a backend that did not know what became of a runner is asked again.
    var again = Duration.seconds(5)
    /// One that was started so lately is not started again because it was asked to.
    var young = Duration.seconds(10)

    init() {}
}
