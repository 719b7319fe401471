import Runtime

/// Runners of our own, one for each workspace and set of keys: started when somebody needs them, kept while they are of
/// use, found again by the next process.
@Loop
final class OwnRunners: RunnerPool {
    struct Limits: Sendable {
        var room = RunnerRoom(most: 20, mostOfOne: 2)
        var starts = 4
        /// One that has been up for so long is started anew when nobody is on it.
        var age = Duration.seconds(86_400)
        /// The same for one that uses more than this share of its memory.
        var memoryShare = 0.8
        /// Between two looks at all of them.
        var look = Duration.seconds(30)
        var patience = RunnerPatience()
    }

    let mode: RunnerMode
    let tools: RunnerTools
    let limits: Limits
    var runners: [String: OwnRunner] = [:]
    /// What the last listing of the machine has shown, by identity.
    var lastFound: [String: FoundRunner] = [:]
    let planner: RunnerPlanner
    private let workspaces: Workspaces

    var modes: [String] { [mode.rawValue] }

    /// Takes over what the book knows. What is of use shows soon; nobody waits for it here.
    static func open(
        _ backend: any RunnerBackend, _ book: RunnerBook, planner: RunnerPlanner, workspaces: Workspaces,
        limits: Limits = Limits(), connect: @escaping @Loop (RunnerPlace) throws -> OpencodeServer,
        now: @escaping @Loop () -> Int64 = Access.now,
        onChange: @escaping @Loop (String, RunnerLife.State) -> Void = { _, _ in }, log: Log, scope: Scope
    ) async throws -> OwnRunners {
        let tools = RunnerTools(
            backend: backend, book: book, starts: StartQueue(most: limits.starts),
            places: RunnerPlaces(limits.room, patience: limits.patience.place), directories: planner.directories,
            connect: connect, now: now, onChange: onChange, log: log, scope: scope.child("runners"),
            patience: limits.patience)
        let runners = OwnRunners(backend.mode, tools, limits, planner, workspaces)
        await runners.takeOver(try await book.entries(of: backend.mode))
        try await runners.clearLeftovers()
        runners.lookAround()
        return runners
    }

    private init(
        _ mode: RunnerMode, _ tools: RunnerTools, _ limits: Limits, _ planner: RunnerPlanner, _ workspaces: Workspaces
    ) {
        self.mode = mode
        self.tools = tools
        self.limits = limits
        self.planner = planner
        self.workspaces = workspaces
    }

    func lease(
        workspace id: String, directory: String, share: RunnerShare, onProgress: @escaping @Loop (String) -> Void
    ) async throws -> RunnerLease {
        let workspace = try await workspaces.get(id).workspace
        let spec = try await planner.spec(for: workspace, share: share)
        try check(directory, spec)
        await mend(runner(spec))
        // Looked up again: it may have gone, and been forgotten, meanwhile.
        let runner = runner(spec)
        runner.wants(spec)
        return try await runner.lease(runner.ask(onProgress), in: directory)
    }

    /// The runner sees nothing else.
    private func check(_ directory: String, _ spec: RunnerSpec) throws {
        let seen = [spec.directory] + spec.mounts.map(\.target)
        let isPlain = directory.hasPrefix("/") && !directory.split(separator: "/").contains("..")
        guard isPlain, seen.contains(where: { MountRules.isBelow(directory, $0) }) else {
            throw Fault(
                .invalidInput, "`\(directory)` is nothing that the runner of workspace \(spec.workspace) sees",
                hint: "work below \(spec.directory), or mount it by the hook runner")
        }
    }

    private func runner(_ spec: RunnerSpec) -> OwnRunner {
        if let known = runners[spec.name] { return known }
        let runner = OwnRunner(spec, tools)
        runners[spec.name] = runner
        return runner
    }

    /// One whose stream of events is there is well, and nothing is asked. One that does not answer any more is started
    /// anew, unless somebody is on it: they find out themselves.
    private func mend(_ runner: OwnRunner) async {
        guard runner.life.state == .ready, let running = runner.running, !running.server.hasEvents else { return }
        guard await runner.isWell() == false, runner.running?.number == running.number else { return }
        if runner.life.state == .ready, runner.life.leases == 0 { replace(runner, "it does not answer") }
    }

    func bringBack(_ name: String) async throws {
        // One that is not up is started by the lease that follows, which tells how far it is.
        guard let runner = runners[name] else { return }
        if let running = runner.running, [.ready, .draining].contains(runner.life.state) {
            let isWell = await runner.isWell() ?? false
            let isSame = runner.running?.number == running.number
            if isSame, isWell, runner.life.leases > 0 || runner.age < tools.patience.young {
                // Others are on it and fare well, or somebody else has just started it.
                return
            }
            if isSame { isWell ? runner.take(.restartAsked) : replace(runner, "it does not answer") }
        }
    }

    /// Without a farewell, which it would not hear.
    private func replace(_ runner: OwnRunner, _ reason: String) {
        runner.failure = Fault(.unavailable, "the runner \(runner.name) is started anew: \(reason)", isRetryable: true)
        tools.log.warning("a runner is started anew: \(reason)", ["runner": LogValue(runner.name)])
        runner.tellLeases(RunnerEnd(reason: reason))
        runner.take(.restartAsked)
    }

    func names(in directory: String) -> [String] {
        runners.values.filter {
            $0.life.state != .absent && ($0.spec.directory == directory || $0.directories.contains(directory))
        }.map(\.name)
    }

    var followerCount: Int { runners.values.reduce(0) { $0 + ($1.running?.server.followerCount ?? 0) } }

    func server(of runner: String) -> OpencodeServer? { runners[runner]?.running?.server }

    func known(_ name: String) throws -> OwnRunner {
        if let runner = runners[name] { return runner }
        throw Fault(.notFound, "there is no runner \"\(name)\"", hint: "`perigee runners` lists them")
    }

    /// Leaves them as they are: the next process takes them over.
    func close() async {
        for runner in runners.values { runner.close() }
        await tools.scope.close()
        for runner in runners.values { await runner.running?.server.close() }
        tools.places.close()
        await tools.backend.close()
        runners = [:]
    }

    // MARK: from before

    private func takeOver(_ entries: [RunnerBook.Entry]) async {
        for entry in entries {
            do {
                let workspace = try await workspaces.get(entry.workspace).workspace
                // Somebody whose keys are others now gets another runner.
                let share = RunnerShare(of: entry.name, usual: RunnerPlanner.name(workspace))
                guard let place = entry.place, entry.state != .stopping, let share else {
                    discard(entry)
                    continue
                }
                var spec = RunnerSpec(remembering: entry, workspace)
                spec.share = share
                let runner = OwnRunner(spec, tools)
                runners[entry.name] = runner
                try runner.find(entry, place)
                runner.wants(try await planner.spec(for: workspace, share: share))
            } catch {
                // It stays as it is, for the first who needs it.
                tools.log.warning(
                    "a runner from before: \(Fault(error).message)", ["runner": LogValue(entry.name)])
            }
        }
        sweep()
    }

    /// Half started, half stopped, or of keys that are others now.
    private func discard(_ entry: RunnerBook.Entry) {
        let tools = tools
        tools.spawn("discarding \(entry.name)") {
            if let place = entry.place { try await tools.backend.stop(place, grace: tools.patience.grace) }
            try await tools.book.drop(entry.name, entry.place?.identity)
        }
    }

    /// Before anybody can start what would be taken for a leftover.
    private func clearLeftovers() async throws {
        let directories = planner.directories
        let kept = runners.values.map { directories.path($0.workspace, $0.spec.keySignature, $0.spec.share) }
        let left = try await BlockingPool.shared.run("what runs have left") {
            directories.takeLeftovers(keeping: Set(kept))
        }
        for workspace in left {
            tools.spawn("clearing what runs have left") {
                try await BlockingPool.shared.run("clearing what runs have left") { try directories.clear(workspace) }
            }
        }
    }

    /// What bears our mark and is in no book can be used by nobody: its password was lost with a process.
    private func sweep() {
        tools.spawn("looking for runners that nobody knows") { [weak self] in
            guard let self else { return }
            for orphan in try await everything() where isOrphan(orphan) {
                tools.log.info(
                    "a runner that nobody knows is stopped",
                    ["runner": LogValue(orphan.name), "identity": LogValue(orphan.identity)])
                try await tools.backend.stop(place(of: orphan), grace: .zero)
            }
            try await tools.backend.sweep()
        }
    }
}

extension RunnerSpec {
    /// What another process started: of how it was to be only the mark is known.
    fileprivate init(remembering entry: RunnerBook.Entry, _ workspace: Workspace) {
        self.init(
            name: entry.name, workspace: entry.workspace, keySignature: entry.keySignature,
            directory: workspace.directory, privateDirectory: "", image: "", command: [], environment: [:],
            secrets: [:], signature: entry.signature)
    }
}
