import Glibc
import Runtime

/// Runners as processes of this machine: each in a session of its own, with its own directories and password, on the
/// loopback address, in a sandbox and a control group where the machine has them.
///
/// They outlive Perigee, so that another start of it can take them over. Nothing here is kept in a file but what they
/// print: a runner is recognised by pid, start time and boot, and what came of it by its mark.
@Loop
final class ProcessBackend: RunnerBackend {
    let mode = RunnerMode.process
    let settings: ProcessSettings
    let facts: IsolationFacts
    let log: Log
    /// Those that this Perigee started, by the token of their start.
    var lives: [String: ProcessLife] = [:]
    private var known: Set<String> = []
    private var trimmer: Timer?

    /// Finds out what the machine can do. Throws when a sandbox is asked for and there is none.
    static func make(_ settings: ProcessSettings, log: Log) async throws -> ProcessBackend {
        let facts = try await IsolationFacts.prepare()
        if settings.sandbox == .bubblewrap, let fault = facts.whyNoSandbox {
            throw Fault(
                .unavailable, "RUNNER_SANDBOX is bubblewrap: \(fault.message)",
                hint: fault.kind == .notFound ? "apt-get install bubblewrap" : fault.hint, isRetryable: false)
        }
        let prefix = ProcessBackend.groupPrefix(settings.owner)
        try await BlockingPool.shared.run("the directory for what runners print") {
            guard mkdir(settings.logs, 0o700) == 0 || errno == EEXIST else {
                throw Fault.system("make", settings.logs, errno: errno)
            }
            facts.groups.removeEmpty(named: prefix, except: [])
        }
        try Subreaper.begin()
        let backend = ProcessBackend(settings, facts, log)
        if backend.tool == nil {
            log.warning(
                "runners are not kept apart: they can read and change whatever Perigee's user can",
                [
                    "why": LogValue(
                        settings.sandbox == .none ? "RUNNER_SANDBOX is none" : facts.whyNoSandbox?.message ?? "")
                ])
        }
        return backend
    }

    private init(_ settings: ProcessSettings, _ facts: IsolationFacts, _ log: Log) {
        self.settings = settings
        self.facts = facts
        self.log = log
    }

    /// Lets go of the runners, which go on.
    func close() {
        trimmer?.cancel()
        trimmer = nil
        lives = [:]
        Subreaper.end()
    }

    /// What makes sandboxes here; nil when there are none.
    var tool: Bubblewrap? { settings.sandbox == .none ? nil : facts.bubblewrap }

    nonisolated static func groupPrefix(_ owner: String) -> String { "perigee-\(owner)-" }

    func group(_ token: String, owner: String? = nil) -> ControlGroup {
        facts.groups.group(ProcessBackend.groupPrefix(owner ?? settings.owner) + token)
    }

    /// All that came of one start.
    func kin(_ process: RunnerProcess) -> ProcessKin { kin(process.token, root: process.identity) }

    func kin(_ token: String, root: ProcessIdentity?) -> ProcessKin {
        ProcessKin(root: root, mark: (RunnerMark.variable, ":\(token)"), group: group(token))
    }

    // MARK: looking

    func presence(of place: RunnerPlace) async throws -> RunnerPresence {
        let process = try RunnerProcess(place.identity)
        guard ProcessTable.isAlive(process.identity) else { return .gone }
        keepsShort(process.name)
        if ProcessTable.isStopped(process.identity) { return .stuck("it was stopped by a signal") }
        let group = group(process.token)
        let isFrozen = try await BlockingPool.shared.run("a control group") { group.isFrozen }
        return isFrozen ? .stuck("its control group is frozen") : .up
    }

    func log(of place: RunnerPlace, lines: Int) async throws -> String {
        let process = try RunnerProcess(place.identity)
        let log = RunnerLog(settings.logs, process.name)
        let text = try await BlockingPool.shared.run("a runner's output") { log.lines(lines) }
        return ([place.password] + (lives[process.token]?.secrets ?? [])).hidden(in: text)
    }

    func use(of place: RunnerPlace) async throws -> RunnerUse {
        let process = try RunnerProcess(place.identity)
        let members = try await kin(process).members()
        guard !members.isEmpty else { return RunnerUse() }
        let group = group(process.token)
        let (memory, time) = try await BlockingPool.shared.run("a control group") { (group.memory, group.cpuTime) }
        return RunnerUse(
            memory: memory ?? members.reduce(0) { $0 + $1.residentBytes },
            cpuTime: time ?? members.reduce(.zero) { $0 + $1.cpuTime }, processes: members.count)
    }

    // MARK: output

    /// Cuts its output to the bound from time to time, from now until it is gone.
    func keepsShort(_ name: String) {
        guard known.insert(name).inserted, trimmer == nil else { return }
        let timer = Timer { [weak self] in self?.trim() }
        trimmer = timer
        timer.schedule(after: settings.trimming)
    }

    func forget(_ name: String) { known.remove(name) }

    private func trim() {
        guard !known.isEmpty else {
            trimmer = nil
            return
        }
        trimmer?.schedule(after: settings.trimming)
        let logs = known.map { RunnerLog(settings.logs, $0) }
        BlockingPool.shared.later { for log in logs { log.trim() } }
    }
}
