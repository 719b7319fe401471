import Glibc
import Runtime

/// The processes that are ours, and their end.
@Loop
final class OwnProcesses {
    private let runners: any WorldRunners
    private let owner: String
    private let secrets: Redactor
    private let log: Log
    private let grace: Duration

    /// `owner` is the id of the state directory.
    init(
        _ runners: any WorldRunners, owner: String, secrets: Redactor, log: Log, grace: Duration = .seconds(5)
    ) {
        self.runners = runners
        self.owner = owner
        self.secrets = secrets
        self.log = log
        self.grace = grace
    }

    func census() async throws -> ProcessCensus {
        let own = try ProcessTable.own()
        let standings = try await standings()
        let (table, bearers) = try await OwnProcesses.read()
        return ProcessCensus(table, bearers: bearers, self: own, owner: owner, standings: standings)
    }

    private static func read() async throws -> (ProcessTable, [ProcessCensus.Bearer]) {
        let table = try await ProcessTable.snapshot()
        let bearers = try await BlockingPool.shared.run("the environments of processes") {
            try ProcessTable.bearers(of: RunnerMark.variable, with: RunnerMark.numberVariable).compactMap { bearer in
                RunnerMark(bearer.value).map {
                    ProcessCensus.Bearer(
                        entry: bearer.entry, mark: $0, isFirst: bearer.other == "\(bearer.entry.pid)")
                }
            }
        }
        return (table, bearers)
    }

    /// Asked before the processes are read: what begins in between is then not told of, and nobody's orphan.
    private func standings() async throws -> [String: RunnerFinding.Standing] {
        var standings: [String: RunnerFinding.Standing] = [:]
        for finding in try await runners.found() {
            do {
                standings[try RunnerProcess(finding.identity).token] = finding.standing
            } catch {
                // A container: its processes are none of this machine's.
            }
        }
        return standings
    }

    /// Ends one of ours with all below it. `started` is its start as the listing told it, and leaves no doubt which
    /// process is meant.
    func kill(_ pid: Int32, started: UInt64?) async throws -> (processes: Int, how: String) {
        guard pid > 0, let identity = ProcessTable.identity(of: pid),
            started == nil || started == identity.startTime
        else {
            throw Fault(.notFound, "there is no process \(pid)\(started.map { " that was started at \($0)" } ?? "")")
        }
        guard let own = try await census()[pid], own.entry.identity == identity else {
            throw Fault(
                ProcessTable.isAlive(identity) ? .denied : .notFound,
                "process \(pid) is not ours to end", hint: "GET /mgmt/processes lists those that are")
        }
        guard own.role != .perigee else {
            throw Fault(.denied, "process \(pid) is Perigee itself", hint: "stop it as it was started")
        }
        let (count, how) = try await end(own)
        log.info(
            "process ended",
            [
                "pid": LogValue(Int(pid)), "name": LogValue(own.entry.name), "how": LogValue(how),
                "processes": LogValue(count),
            ])
        return (count, how)
    }

    private func end(_ own: ProcessCensus.Own) async throws -> (Int, String) {
        let pid = own.entry.pid
        let below = try await ProcessTable.snapshot().tree(of: pid).count
        if own.isFirst, let mark = own.mark {
            if own.orphaned != nil {
                try await runners.end(orphan: RunnerProcess(own.entry.identity, mark).text)
                return (below, "as an orphan of the runners")
            }
            // A runner ends by its own rules, which let its turns know.
            if runners.list().contains(where: { $0.name == mark.name }) {
                try await runners.stop(mark.name)
                return (below, "as a runner")
            }
        }
        let ended = try await ProcessTable.terminate(own.entry.identity, .tree, grace: grace)
        return (ended.count, "as a tree of processes")
    }

    /// What people may see of the words that a process was started with.
    func words(of entry: ProcessEntry) -> String {
        secrets.clean(ArgumentMask.text(entry.arguments, name: entry.name), limit: 2000)
    }
}
