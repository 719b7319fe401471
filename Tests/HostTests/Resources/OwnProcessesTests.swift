import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("processes that are ours")
@Loop
struct OwnProcessesTests {
    @Test("who bears our mark is ours with all below; another Perigee's is not, whatever it is called")
    func census() async throws {
        let bed = ProcessesBed()
        let own = try await bed.start("sleep 300 & wait", owner: "me")
        let foreign = try await bed.start("exec sleep 300", owner: "other")
        bed.desk.standings = [own.mark.token: .known]
        let census = try await bed.processes.census()
        let first = try #require(census[own.pid])
        #expect(first.role == .runner && first.mark?.workspace == "w1")
        let below = census.processes.filter { $0.mark == own.mark }
        #expect(below.count >= 2, "the shell and what it started")
        // It descends from this very process, so it is a helper of it; its mark makes it no runner of ours.
        #expect(census[foreign.pid]?.role != .runner)
        #expect(census[getpid()]?.role == .perigee)
        await bed.close()
    }

    @Test("an orphan is of a start that nobody knows, or has lost its first process; one that has just begun is none")
    func orphans() async throws {
        let bed = ProcessesBed()
        let known = try await bed.start("exec sleep 300", owner: "me", isFirst: true)
        let headless = try await bed.start("exec sleep 300", owner: "me")
        let lost = try await bed.start("exec sleep 300", owner: "me", isFirst: true)
        let fresh = try await bed.start("exec sleep 300", owner: "me", isFirst: true)
        bed.desk.standings = [
            known.mark.token: .known, headless.mark.token: .known, lost.mark.token: .orphan,
        ]
        let census = try await bed.processes.census()
        #expect(census[known.pid]?.orphaned == nil && census[fresh.pid]?.orphaned == nil)
        #expect(census[headless.pid]?.orphaned?.contains("first process") == true)
        #expect(census[lost.pid]?.orphaned?.contains("book of runners") == true)
        await bed.close()
    }

    @Test("what is not ours is never signalled, nor a number that another process has by now")
    func strangers() async throws {
        let bed = ProcessesBed()
        let stranger = try await bed.stranger()
        let refused = await #expect(throws: Fault.self) { try await bed.processes.kill(stranger, started: nil) }
        #expect(refused?.kind == .denied)
        let own = try await bed.start("exec sleep 300", owner: "me")
        let identity = try #require(ProcessTable.identity(of: own.pid))
        let reused = await #expect(throws: Fault.self) {
            try await bed.processes.kill(own.pid, started: identity.startTime + 1)
        }
        #expect(reused?.kind == .notFound)
        let itself = await #expect(throws: Fault.self) { try await bed.processes.kill(getpid(), started: nil) }
        #expect(itself?.kind == .denied)
        for pid in [Int32(0), -1, 4_194_304] {
            let fault = await #expect(throws: Fault.self) { try await bed.processes.kill(pid, started: nil) }
            #expect(fault?.kind == .notFound)
        }
        #expect(kill(stranger, 0) == 0 && own.process.isRunning)
        await bed.close()
    }

    @Test("one of ours ends with all below it")
    func tree() async throws {
        let bed = ProcessesBed()
        let own = try await bed.start("trap '' TERM; sleep 300 & wait; sleep 300", owner: "me")
        bed.desk.standings = [own.mark.token: .known]
        let below = try await bed.processes.census().processes.filter { $0.mark == own.mark }.map(\.entry.identity)
        let identity = try #require(ProcessTable.identity(of: own.pid))
        let (count, _) = try await bed.processes.kill(own.pid, started: identity.startTime)
        #expect(count == below.count && below.count >= 2)
        for one in below { #expect(!ProcessTable.isAlive(one)) }
        await bed.close()
    }

    @Test("a runner's first process ends by the runners' own rules, an orphan as one")
    func firsts() async throws {
        let bed = ProcessesBed()
        let runner = try await bed.start("exec sleep 300", owner: "me", isFirst: true)
        let lost = try await bed.start("exec sleep 300", owner: "me", isFirst: true)
        bed.desk.standings = [runner.mark.token: .known, lost.mark.token: .orphan]
        bed.desk.names = [runner.mark.name]
        _ = try await bed.processes.kill(runner.pid, started: nil)
        _ = try await bed.processes.kill(lost.pid, started: nil)
        #expect(bed.desk.stopped == [runner.mark.name])
        #expect(bed.desk.ended.count == 1 && bed.desk.ended[0].contains(lost.mark.token))
        await bed.close()
    }

    @Test(
        "secrets in arguments are not shown",
        arguments: [
            (["tool", "--password", "hunter2hunter2", "x"], "tool --password ••• x"),
            (["tool", "--api-key=abc123456789"], "tool --api-key=•••"),
            (["OPENAI_API_KEY=sk-1234567890123"], "OPENAI_API_KEY=•••"),
            (["curl", "sk-proj-12345678901234567890"], "curl •••"), (["ls", "-la", "/tmp"], "ls -la /tmp"),
            ([], "[kthread]"),
        ])
    func masks(arguments: [String], shown: String) {
        #expect(ArgumentMask.text(arguments, name: "kthread") == shown)
    }
}

/// Real processes with marks, and a desk of runners that says what a test wants.
@Loop
final class ProcessesBed {
    struct Started {
        let process: Subprocess
        let mark: RunnerMark
        let pid: Int32
    }

    let desk = PretendDesk()
    let processes: OwnProcesses
    private var started: [Subprocess] = []
    private var strangers: [Int32] = []
    private var count = 0

    init() {
        let log = Log(to: -1, format: .json, level: .error)
        processes = OwnProcesses(desk, owner: "me", secrets: log.secrets, log: log, grace: .milliseconds(200))
    }

    /// `isFirst` is told the way in which runners are: the shell puts its own number into its environment.
    func start(_ script: String, owner: String, isFirst: Bool = false) async throws -> Started {
        count += 1
        let text = "\(owner):runner-\(count):w1:sig:token\(getpid())n\(count)"
        let mark = try #require(RunnerMark(text))
        let number = isFirst ? "export \(RunnerMark.numberVariable)=$$; exec sh -c '\(script)'" : script
        let process = try await Subprocess.start(
            ["sh", "-c", "echo up; \(number)"],
            .init(
                environment: .only(["PATH": "/usr/bin:/bin", RunnerMark.variable: text]), output: .stream,
                ownSession: true))
        started.append(process)
        _ = try await process.output?.next()
        // What it starts, and becomes, is there a moment later.
        let isSleeping = { @Sendable (entry: ProcessEntry) in entry.name == "sleep" }
        while try await !ProcessTable.snapshot().tree(of: process.pid).contains(where: isSleeping) {
            await Loop.yield()
        }
        return Started(process: process, mark: mark, pid: process.pid)
    }

    /// Somebody who does not descend from this process.
    func stranger() async throws -> Int32 {
        let result = try await Subprocess.run(
            ["sh", "-c", "setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $!"])
        let pid = try #require(Int32(result.outputText.trimming()))
        strangers.append(pid)
        while try await ProcessTable.snapshot().tree(of: getpid()).contains(where: { $0.pid == pid }) {
            await Loop.yield()
        }
        return pid
    }

    func close() async {
        for process in started { await process.stop(grace: .zero) }
        for pid in strangers { kill(pid, SIGKILL) }
    }
}

@Loop
final class PretendDesk: WorldRunners {
    /// By the token of a start.
    var standings: [String: RunnerFinding.Standing] = [:]
    var names: [String] = []
    private(set) var stopped: [String] = []
    private(set) var ended: [String] = []

    func list() -> [RunnerState] { names.map { RunnerState(name: $0, mode: "process", workspace: "w1", life: .ready) } }
    func get(_ name: String) throws -> RunnerState { list()[0] }
    func stop(_ name: String) async throws { stopped.append(name) }
    func restart(_ name: String) async throws {}
    func logs(_ name: String, lines: Int) async throws -> String { "" }
    func end(orphan identity: String) async throws { ended.append(identity) }

    func found() async throws -> [RunnerFinding] {
        standings.map { token, standing in
            RunnerFinding(
                identity: "2:3:boot:\(token):name", name: "name", workspace: "w1", standing: standing, startedAt: 0,
                isUp: true)
        }
    }
}
