import Runtime

/// What doors, commands and scripts may ask.
extension Jobs: WorldJobs {
    func list() -> [JobState] {
        entries.values.filter { !$0.isGone }.sorted { $0.name < $1.name }.map(\.state)
    }

    func get(_ name: String) throws -> JobState { try entry(name).state }

    func run(_ name: String, plansOnly: Bool) async throws -> Int64 {
        let entry = try entry(name)
        if plansOnly, entry.definition.kind != .gc {
            throw Fault(
                .invalidInput, "job \"\(name)\" makes no plans: it has `run`, not `plan`", hint: "run it without --plan"
            )
        }
        switch entry.timeline.runNow() {
        case .start(let reason):
            return try await begin(entry, reason, plansOnly: plansOnly).opened.value()
        default:
            let since = entry.running.map { " since \(JobTime.text($0.startedAt))" } ?? ""
            throw Fault(
                .conflict, "job \"\(name)\" is running already\(since)", hint: "wait for its end, then ask again")
        }
    }

    /// Returns when a run of a job has ended, and is in the books.
    func waitForEnd(of name: String, _ run: Int64) async {
        guard let running = entries[name]?.running, running.id == run else { return }
        await running.task?.value
    }

    func history(_ name: String?, limit: Int) async throws -> [JobRecord] {
        try await ledger.store.read { snapshot in
            if let name { return try snapshot.all(JobsQueries.history, name, limit) }
            return try snapshot.all(JobsQueries.everything, limit)
        }
    }

    func pause(_ name: String) async throws {
        try await write(name, paused: true)
        try entry(name).timeline.pause()
    }

    func resume(_ name: String) async throws {
        try await write(name, paused: false)
        let entry = try entry(name)
        entry.timeline.resume(at: clock.seconds, entry.definition.rules)
        look()
    }

    func plans(of job: String?, limit: Int) async throws -> [PlanRecord] {
        try await plans.list(job, limit: limit)
    }

    /// First on the disk, so that what was answered holds after a kill.
    private func write(_ name: String, paused: Bool) async throws {
        let name = try entry(name).name
        let count = try await ledger.write { try $0.run(JobsQueries.pause, paused, name) }
        guard count > 0 else { throw Fault(.conflict, "job \"\(name)\" is only just being set up", hint: "try again") }
    }
}

/// Times for people and programs: `2026-11-21T14:33:07Z`.
enum JobTime {
    static func text(seconds: Int64) -> String {
        let parts = CivilTime(secondsSinceEpoch: seconds).description.split(separator: " ")
        return "\(parts[0])T\(parts[1])Z"
    }

    static func text(_ milliseconds: Int64) -> String { text(seconds: milliseconds / 1000) }

    /// The moment that such a text means.
    static func seconds(_ text: String) -> Int64? {
        let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 6, text.hasSuffix("Z") else { return nil }
        return CivilTime(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]).secondsSinceEpoch
    }
}
