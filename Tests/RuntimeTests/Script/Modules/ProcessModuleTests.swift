import Glibc
import LuaBridge
import Testing

@testable import Runtime

@Suite("host.process")
@Loop
struct ProcessModuleTests {
    private func run(_ text: String, _ processes: any WorldProcesses = SystemProcesses()) async throws -> LuaResults {
        try await ModuleHarness(.process(bareWorld(processes: processes))).run(
            "local process = require 'host.process' " + text)
    }

    @Test("a program's output, errors and exit code come back; another code than 0 is not ok")
    func result() async throws {
        let seen = try await run(
            """
            local r, err = process.run { argv = { "sh", "-c", "echo out; echo err >&2; exit 7" } }
            return r.ok, r.code, r.signal, r.stdout, r.stderr, err
            """)
        #expect(seen == [false, 7, .nil, "out\n", "err\n", .nil])
        let well = try await run("local r = process.run { argv = { 'true' } } return r.ok, r.code, r.stdout")
        #expect(well == [true, 0, ""])
    }

    @Test("a signal is no exit code")
    func signal() async throws {
        let seen = try await run(
            "local r = process.run { argv = { 'sh', '-c', 'kill -9 $$' } } return r.ok, r.code, r.signal")
        #expect(seen == [false, .nil, 9])
    }

    @Test("arguments and input reach the program byte for byte; no shell reads them")
    func arguments() async throws {
        let seen = try await run(
            """
            local a = process.run { argv = { "printf", "%s|", "a b", "", "$HOME", "; rm -rf /" } }
            local b = process.run { argv = { "cat" }, input = "\\0\\xff" }
            return a.stdout, b.stdout == "\\0\\xff"
            """)
        #expect(seen == ["a b||$HOME|; rm -rf /|", true])
    }

    @Test("it runs where it is told, with the usual variables and those that are given, and no others")
    func surroundings() async throws {
        setenv("PERIGEE_TEST_SECRET", "s3cret", 1)
        let seen = try await run(
            """
            local r = process.run { argv = { "sh", "-c", "pwd; echo $A; echo $PERIGEE_TEST_SECRET; test -n \\"$PATH\\"" },
              env = { A = "1" }, directory = "/usr/bin" }
            return r.stdout, r.ok
            """)
        #expect(seen == ["/usr/bin\n1\n\n", true])
    }

    @Test("what cannot be started is an error")
    func missing() async throws {
        let seen = try await run("return process.run { argv = { 'no-such-program' } }")
        #expect(seen.kind == "not_found" && seen.message == "start no-such-program: it is not on the PATH")
    }

    @Test("output beyond its limit ends the program")
    func tooMuch() async throws {
        let seen = try await run("return process.run { argv = { 'yes' }, output_limit = '4KB' }")
        #expect(seen.kind == "too_large" && seen.message == "yes wrote more than 4KB")
    }

    @Test("the earlier of the call's deadline and the caller's ends it, with its children", arguments: [true, false])
    func deadlines(_ isCallers: Bool) async throws {
        let (outer, inner) = isCallers ? (Duration.milliseconds(20), "1h") : (.seconds(3600), "20ms")
        let mark = "perigee-test-\(Random.token(bytes: 8))"
        var ending: String?
        do {
            // The call's own is an error that the script can handle, the caller's ends the script.
            ending = try await Deadline.within(outer) {
                try await run(
                    "return process.run { argv = { 'sh', '-c', 'sleep 600 & wait', '\(mark)' }, deadline = '\(inner)' }"
                )
            }.message
        } catch {
            #expect(isCallers)
            ending = Fault(error).message
        }
        #expect(ending?.hasSuffix("took longer than its deadline allows") == true)
        #expect(try await living(mark) == 0)
    }

    @Test("a cancelled call ends its program and the program's children before it returns")
    func cancelled() async throws {
        let harness = try ModuleHarness(.process(bareWorld(processes: SystemProcesses())))
        let mark = "perigee-test-\(Random.token(bytes: 8))"
        let scope = Scope("test") { _, _ in }
        let task = scope.spawn("call") {
            try await harness.run(
                "require('host.process').run { argv = { 'sh', '-c', 'sleep 600 & sleep 600 & wait', '\(mark)' } }")
        }
        while try await living(mark) == 0 { await Loop.yield() }
        task.cancel()
        await scope.close()
        #expect(try await living(mark) == 0)
        #expect(harness.state.liveCalls == 0)
    }

    private func living(_ mark: String) async throws -> Int {
        try await ProcessTable.snapshot().entries.values.filter { $0.arguments.last == mark && !$0.hasEnded }.count
    }

    @Test("processes are listed with who, whose, since when and what")
    func list() async throws {
        let child = try await Subprocess.start(["sleep", "600"], .init(directory: "/usr"))
        let seen = try await run(
            """
            local last = 0
            for _, p in ipairs(process.list()) do
              assert(p.pid > last)
              last = p.pid
              if p.pid == \(child.pid) then
                return p.ppid, p.group, p.command, table.concat(p.argv, " "), p.cwd, p.memory > 0, p.uid, p.started
              end
            end
            """)
        #expect(seen[0] == .integer(Int64(getpid())) && seen[1] == .integer(Int64(child.pid)))
        #expect(seen[2] == "sleep" && seen[3] == "sleep 600" && seen[4] == "/usr" && seen[5] == true)
        #expect(seen[6] == .integer(Int64(getuid())))
        // Which year it is would be off by far, were the time of boot not known.
        #expect(abs(seen[7].number! - JWT.secondsSince1970()) < 3600)
        await child.stop(grace: .zero)
    }

    @Test("a tree has parents before children, and there is none of a process that is not there")
    func tree() async throws {
        let fake = FakeProcesses()
        fake.entries = [entry(9, parent: 5), entry(5, parent: 1), entry(1, parent: 0)]
        let seen = try await run(
            """
            local t = process.tree(5)
            local none, err = process.tree(7)
            return #t, t[1].pid, t[2].pid, none, err.message
            """, fake)
        #expect(seen == [2, 5, 9, .nil, "there is no process 7"])
    }

    @Test("terminate ends the very process that was listed, with its group")
    func terminate() async throws {
        let child = try await Subprocess.start(["sh", "-c", "sleep 600 & wait"])
        let seen = try await run(
            """
            local target = process.tree(\(child.pid))[1]
            return process.terminate(target, { grace = "5s" }), process.terminate(target)
            """)
        #expect(seen == [true, false])
        #expect(try await child.value() == .signalled(SIGTERM))
        await child.stop(grace: .zero)
    }

    @Test("a number that is another's by now is a conflict, and nobody is ended")
    func conflict() async throws {
        let child = try await Subprocess.start(["sleep", "600"])
        let fake = FakeProcesses()
        fake.entries = [entry(child.pid, parent: 1)]
        let worlds: [any WorldProcesses] = [SystemProcesses(), fake]
        for processes in worlds {
            let seen = try await run("return process.terminate { identity = '\(child.pid):1:another boot' }", processes)
            #expect(seen.kind == "conflict" && seen.message == "process \(child.pid) is another one now")
        }
        #expect(child.isRunning)
        await child.stop(grace: .zero)
    }

    @Test("Perigee does not end itself")
    func itself() async throws {
        let seen = try await run("return process.terminate(process.tree(\(getpid()))[1])")
        #expect(seen.kind == "denied")
    }

    @Test("made-up programs answer by how their arguments begin, in order")
    func made() async throws {
        let fake = FakeProcesses()
        fake.reply(
            ["git", "status"], [.ends(.init(code: 0, output: Array("clean".utf8))), .fails(Fault(.denied, "no"))])
        fake.reply(["git"], [.ends(.init(code: 1))])
        let seen = try await run(
            """
            local a = process.run { argv = { "git", "status", "-s" }, env = { A = "1" }, input = "i", directory = "/x" }
            local b, err = process.run { argv = { "git", "status" } }
            local c = process.run { argv = { "git", "status" } }
            local d, why = process.run { argv = { "git", "log" } }
            return a.stdout, b, err.kind, c.code, d, why.message, why.hint
            """, fake)
        #expect(
            seen == [
                "clean", .nil, "denied", 1, .nil, "nobody runs git log in this spec",
                #"say what becomes of it first: process.reply({ "git", "log" }, { code = 0, stdout = "" })"#,
            ])
        #expect(fake.commands.count == 4 && fake.unanswered == [["git", "log"]])
        #expect(fake.commands[0].environment == ["A": "1"] && fake.commands[0].input == Array("i".utf8))
        #expect(fake.commands[0].directory == "/x" && fake.commands[0].outputLimit == 1 << 20)
    }

    @Test("a made-up program that hangs ends with the deadline")
    func hangs() async throws {
        let fake = FakeProcesses()
        fake.reply([], [.hangs])
        #expect(try await run("return process.run { argv = { 'x' }, deadline = 0.001 }", fake).kind == "timeout")
    }

    @Test(
        "wrong arguments are mistakes of the script",
        arguments: [
            ("process.run()", "bad argument #1 'command' to 'host.process.run' (a table expected, got nothing)"),
            (
                "process.run { argv = 'rm -rf /' }",
                "bad argument #1 'command' to 'host.process.run': field 'argv' must be a list, not \"rm -rf /\""
            ),
            (
                "process.run { argv = {} }",
                "bad argument #1 'command' to 'host.process.run': field 'argv' must begin with the name of a program"
            ),
            (
                "process.run { 'ls' }",
                "bad argument #1 'command' to 'host.process.run': it must be a table with named fields, not a list"
            ),
            (
                "process.run { argv = { 'ls', 1 } }",
                "bad argument #1 'command' to 'host.process.run': field 'argv[2]' must be text, not the number 1"
            ),
            (
                "process.tree(0)",
                "bad argument #1 'pid' to 'host.process.tree': it is 0; it must be from 1 to 2147483647"
            ),
            (
                "process.terminate(17)",
                "bad argument #1 'process' to 'host.process.terminate' (a table expected, got the number 17)"
            ),
            (
                "process.terminate { identity = '17' }",
                "bad argument #1 'process' to 'host.process.terminate': field 'identity' must be as it was listed"
            ),
        ])
    func mistakes(_ call: String, _ message: String) async throws {
        let harness = try ModuleHarness(.process(bareWorld()))
        #expect(await harness.mistake("local process = require 'host.process'\n\(call)") == message)
    }

    private func entry(_ pid: Int32, parent: Int32) -> ProcessEntry {
        ProcessEntry(
            identity: ProcessIdentity(pid: pid, startTime: 5, bootID: "b"), parent: parent, group: pid, session: 1,
            userID: 0, state: "S", name: "x", arguments: [], residentBytes: 0, cpuTime: .zero, directory: nil)
    }
}
