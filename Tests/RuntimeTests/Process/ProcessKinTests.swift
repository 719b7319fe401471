import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("the end of all that came of one start", .serialized)
@Loop
struct ProcessKinTests {
    private let token = "perigee-\(Random.token(bytes: 6))"

    private func kin(_ root: ProcessIdentity? = nil) -> ProcessKin {
        ProcessKin(root: root, mark: ("KIN", ":\(token)"))
    }

    /// Runs a script that names the numbers of its processes in files, and returns when all files are there.
    private func start(_ script: String, files: [String], in directory: TemporaryDirectory, mark: String) async throws
        -> (child: Subprocess, others: [ProcessIdentity])
    {
        let child = try await Subprocess.start(
            ["sh", "-c", script],
            .init(
                environment: .only(["KIN": "x:\(mark)", "PATH": "/usr/bin:/bin"]), directory: directory.path,
                ownSession: true))
        var others: [ProcessIdentity] = []
        for file in files {
            var pid: Int32?
            while pid == nil {
                let text = try await Subprocess.run(["cat", "\(directory.path)/\(file)"]).outputText
                pid = text.hasSuffix("\n") ? Int32(text.dropLast()) : nil
            }
            others.append(try #require(ProcessTable.identity(of: pid!)))
        }
        return (child, others)
    }

    private let scattered = """
        setsid sh -c '(trap "" TERM; echo $$ > a; sleep 600) & wait' &
        (setsid sh -c 'echo $$ > b; exec sleep 600' &)
        trap '' TERM
        while :; do sleep 600; done
        """

    @Test("who left the group, the session and the parents ends too, and nobody else")
    func scatteredKin() async throws {
        try await Deadline.within(.seconds(60)) {
            let directory = TemporaryDirectory()
            let (child, others) = try await start(scattered, files: ["a", "b"], in: directory, mark: token)
            let stranger = try await Subprocess.start(
                ["sleep", "600"], .init(environment: .only(["KIN": "x:other", "PATH": "/usr/bin:/bin"])))
            let members = try await kin().members().map(\.pid)
            #expect(members.contains(child.pid) && others.allSatisfy { members.contains($0.pid) })
            #expect(!members.contains(stranger.pid) && !members.contains(getpid()))
            try await kin().end(grace: .milliseconds(50))
            #expect(try await kin().members().isEmpty)
            #expect(others.allSatisfy { !ProcessTable.isAlive($0) })
            #expect(stranger.isRunning)
            await stranger.stop(grace: .zero)
        }
    }

    @Test("descent finds those without a mark, as long as somebody on the way to them lives")
    func descent() async throws {
        try await Deadline.within(.seconds(60)) {
            let directory = TemporaryDirectory()
            let script = "env -i setsid sh -c 'echo $$ > a; sleep 600 & wait' & while :; do sleep 600; done"
            let (child, others) = try await start(script, files: ["a"], in: directory, mark: token)
            #expect(try await kin().members().contains { $0.identity == others[0] })
            try await kin().end(grace: .zero)
            #expect(!ProcessTable.isAlive(others[0]) && !child.isRunning)
        }
    }

    @Test("a number that is another's by now is signalled by nobody")
    func reusedNumber() async throws {
        try await Deadline.within(.seconds(60)) {
            let child = try await Subprocess.start(["sleep", "600"])
            let real = try #require(ProcessTable.identity(of: child.pid))
            let wrong = ProcessIdentity(pid: real.pid, startTime: real.startTime + 1, bootID: real.bootID)
            #expect(PidHandle.open(wrong) == nil)
            #expect(!ProcessTable.isAlive(wrong))
            try await kin(wrong).end(grace: .milliseconds(10))
            try await ProcessTable.end(of: wrong)
            #expect(child.isRunning)
            try await kin(real).end(grace: .zero)
            #expect(try await child.value() == .signalled(SIGKILL))
        }
    }

    @Test("the polite end comes first, and a cancelled caller leaves nobody either")
    func grace() async throws {
        try await Deadline.within(.seconds(60)) {
            let directory = TemporaryDirectory()
            let (child, _) = try await start(
                "trap 'exit 7' TERM; echo $$ > a; while :; do sleep 0.02; done", files: ["a"], in: directory,
                mark: token)
            try await kin().end(grace: .seconds(20))
            #expect(try await child.value() == .exited(7))

            let stubborn = TemporaryDirectory()
            let (second, others) = try await start(scattered, files: ["a", "b"], in: stubborn, mark: token)
            let scope = Scope.forTest()
            let task = scope.spawn("ends them") { [self] in try await kin().end(grace: .seconds(3600)) }
            await Loop.yield()
            task.cancel()
            await scope.close()
            #expect(!second.isRunning && others.allSatisfy { !ProcessTable.isAlive($0) })
        }
    }

    @Test("ending nobody is no fault, and it is waited for the end of somebody else's child")
    func nobody() async throws {
        try await kin().end(grace: .seconds(1))
        try await Deadline.within(.seconds(30)) {
            let directory = TemporaryDirectory()
            let (child, others) = try await start(
                "sh -c 'echo $$ > a; exec sleep 600' & wait; exit 0", files: ["a"], in: directory, mark: token)
            let scope = Scope.forTest()
            scope.spawn("kills it") { try await ProcessTable.terminate(others[0]) }
            try await ProcessTable.end(of: others[0])
            #expect(!ProcessTable.isAlive(others[0]))
            #expect(try await child.value() == .exited(0))
            await scope.close(grace: .seconds(20))
        }
    }

    @Test("output to a file is the child's own to write, and no link is followed")
    func file() async throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/out"
        for word in ["one", "two"] {
            let options = Subprocess.Options(output: .file(path), errors: .file(path))
            #expect(try await Subprocess.run(["sh", "-c", "echo \(word); echo e >&2"], options).succeeded)
        }
        #expect(try await Subprocess.run(["cat", path]).outputText == "one\ne\ntwo\ne\n")
        #expect(symlink(path, "\(directory.path)/link") == 0)
        let fault = await #expect(throws: Fault.self) {
            try await Subprocess.run(["echo", "x"], .init(output: .file("\(directory.path)/link")))
        }
        #expect(fault?.message.contains("link") == true)
    }
}
