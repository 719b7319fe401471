import Glibc
import Runtime

extension ProcessBackend {
    func end(of place: RunnerPlace) async throws -> RunnerEnd {
        let process = try RunnerProcess(place.identity)
        let group = group(process.token)
        let end = try await lives[process.token]?.child.value()
        if end == nil { try await ProcessTable.end(of: process.identity) }
        let kills = try await BlockingPool.shared.run("a control group") { group.outOfMemoryKills }
        guard let end else {
            return RunnerEnd(
                reason: kills > 0
                    ? "it ended after it had been out of memory"
                    : "it ended; an earlier Perigee had started it, so its exit code is not known",
                wasOutOfMemory: kills > 0)
        }
        let wasKilled = end == .signalled(SIGKILL) || end == .exited(128 + SIGKILL)
        return kills > 0 && wasKilled
            ? RunnerEnd(reason: "killed: out of memory", wasOutOfMemory: true)
            : RunnerEnd(reason: ProcessLife.words(end))
    }

    func stop(_ place: RunnerPlace, grace: Duration) async throws {
        let process = try RunnerProcess(place.identity)
        try await kin(process).end(grace: grace)
        lives[process.token] = nil
        forget(process.name)
    }

    // MARK: finding

    func found() async throws -> [FoundRunner] {
        try await marked().map { runner in
            FoundRunner(
                identity: RunnerProcess(runner.first.identity, runner.mark).text, name: runner.mark.name,
                workspace: runner.mark.workspace, signature: runner.mark.signature, owner: runner.mark.owner,
                started: runner.first.started, isUp: runner.isWhole, memory: runner.memory)
        }
    }

    struct Marked: Sendable {
        let mark: RunnerMark
        /// Its first process, or the oldest that is left.
        let first: ProcessEntry
        /// Whether its first process is there.
        let isWhole: Bool
        let memory: Int
    }

    /// Everything with a mark, of whatever Perigee, one for each start.
    func marked() async throws -> [Marked] {
        let bearers = try await BlockingPool.shared.run("the environments of processes") {
            try ProcessTable.bearers(of: RunnerMark.variable, with: RunnerMark.numberVariable)
        }
        let own = getpid()
        let starts = Dictionary(grouping: bearers.filter { $0.entry.pid != own }) { RunnerMark($0.value) }
        return starts.compactMap { mark, processes -> Marked? in
            guard let mark else { return nil }
            let main = processes.first { $0.other == "\($0.entry.pid)" }
            let oldest = processes.map(\.entry).min { $0.identity.startTime < $1.identity.startTime }!
            return Marked(
                mark: mark, first: main?.entry ?? oldest, isWhole: main != nil,
                memory: processes.reduce(0) { $0 + $1.entry.residentBytes })
        }.sorted { $0.first.started < $1.first.started }
    }
}

extension ProcessLife {
    /// A sandbox ends with 128 and the signal that ended its program, as shells do.
    static func words(_ end: ChildEnd) -> String {
        switch end {
        case .exited(let code) where code > 128 && code <= 128 + 64: "signal \(code - 128)"
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}
