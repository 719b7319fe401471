import Glibc
import Runtime

/// The tasks' side of the house: what takes them in, and what is counted of them.
@Loop
final class TaskRoom {
    let intake: TaskIntake
    private let feed: RunFeed

    static func open(_ house: House, _ room: ChatRoom) -> TaskRoom {
        let access = house.access!
        let limits = house.settings.taskLimits
        let turns = room.openAI.intake
        let intake = TaskIntake(
            room.runs, turns, house.scripts!, access.workspaces, access.encryption.sealer, limits,
            giveKey: givingKeys(limits, room, turns))
        return TaskRoom(intake, metrics: house.telemetry?.metrics)
    }

    /// Only a server that works for one project alone may keep a key of that project.
    private static func givingKeys(
        _ limits: TaskLimits, _ room: ChatRoom, _ turns: TurnIntake
    ) -> TaskIntake.GivingKey? {
        guard limits.project != nil, let directory = limits.directory, let shared = room.runners as? SharedRunners
        else {
            return nil
        }
        return { [unowned turns] provider, key in
            try await shared.server.setKey(key, of: provider.rawValue)
            turns.onConfigured(directory)
        }
    }

    private init(_ intake: TaskIntake, metrics: Metrics?) {
        self.intake = intake
        let figures = metrics.map { TaskFigures($0, intake.runs) }
        feed = intake.runs.events { figures?.heard($0) }
    }

    func close() { feed.close() }
}

/// What `/metrics` says of tasks and sessions. Labels are words of ours: no project, user or name of a task is among them.
@Loop
private final class TaskFigures {
    /// Over so many outcomes the success rate goes.
    private static let window = 200

    private let ended: Labelled<Counter>
    private let durations: Labelled<Histogram>
    private var recent: [Bool] = []

    init(_ metrics: Metrics, _ runs: Runs) {
        ended = metrics.counters(
            "perigee_tasks_total", "Executions of tasks and sessions that have ended.", labels: ["kind", "outcome"])
        durations = metrics.histograms(
            "perigee_task_duration_seconds", "From the beginning of an execution to its end.", labels: ["outcome"],
            buckets: [1, 5, 15, 60, 300, 900, 1800, 3600, 7200])
        metrics.gauge("perigee_tasks_running", "Executions that have a place.") { [weak runs] in
            runs.map { Double($0.places.holders.count) }
        }
        metrics.gauge("perigee_tasks_queued", "Executions that wait for a place.") { [weak runs] in
            runs.map { Double($0.places.waitingCount) }
        }
        metrics.gauge(
            "perigee_tasks_success_ratio",
            "Share of the last \(Self.window) executions that were not cancelled and succeeded."
        ) { [weak self] in
            guard let recent = self?.recent, !recent.isEmpty else { return nil }
            return Double(recent.count { $0 }) / Double(recent.count)
        }
    }

    func heard(_ run: RunRecord) {
        guard run.state.isEnded, let kind = TaskKind.of(door: run.order.door) else { return }
        let outcome = TaskStatus(run.state)
        ended.with(kind.rawValue, outcome.rawValue).add()
        if let end = run.endedAt, let start = run.startedAt {
            durations.with(outcome.rawValue).observe(Double(end - start) / 1000)
        }
        guard outcome != .cancelled else { return }
        recent.append(outcome == .completed)
        if recent.count > Self.window { recent.removeFirst() }
    }
}

extension House {
    /// Why nothing could be carried out just now, if so: for `/ready`.
    func obstacles() async -> [(part: String, reason: String)] {
        var found: [(part: String, reason: String)] = []
        let chosen = settings[SettingTable.workspaceDirectory]
        if let path = chosen.isEmpty ? access?.workspaces.places.root : chosen {
            do {
                try await BlockingPool.shared.run("looking at \(path)") {
                    guard Glibc.access(path, R_OK | W_OK | X_OK) == 0 else {
                        throw Fault.system("write in", path, errno: errno)
                    }
                }
            } catch {
                found.append(("workspace", Fault(error).message))
            }
        }
        guard let shared = chatRoom?.runners as? SharedRunners, !shared.server.hasEvents else { return found }
        do {
            try await Deadline.within(.seconds(2)) { _ = try await shared.server.probe() }
        } catch {
            found.append(("engine", Fault(error).message))
        }
        return found
    }
}
