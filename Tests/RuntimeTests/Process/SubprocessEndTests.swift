import Glibc
import Testing

@testable import Runtime

@Suite("subprocess: ends and streams")
@Loop
struct SubprocessEndTests {
    /// Reads one line that a child writes.
    private func line(of child: Subprocess) async throws -> String {
        var text = ""
        while !text.contains("\n"), let bytes = try await child.output?.next() {
            text += String(decoding: bytes, as: UTF8.self)
        }
        return String(text.prefix { $0 != "\n" })
    }

    private func isAlive(_ pid: Int32) -> Bool {
        guard let entry = ProcFiles.entry(pid) else { return false }
        return !entry.hasEnded
    }

    @Test("a passed deadline ends the program and throws a timeout")
    func deadline() async throws {
        let fault = await #expect(throws: Fault.self) {
            try await Deadline.within(.milliseconds(50)) { try await Subprocess.run(["sleep", "3600"]) }
        }
        #expect(fault?.kind == .timeout)
        #expect(fault?.message.contains("sleep") == true)
    }

    @Test("cancellation ends the whole group, also those who ignore SIGTERM and lost their parent")
    func stubbornGrandchild() async throws {
        let directory = TemporaryDirectory()
        let script = """
            (trap '' TERM; sh -c 'trap "" TERM; echo $$ > grandchild.new; mv grandchild.new grandchild; sleep 3600' &) &
            sleep 3600
            """
        let scope = Scope.forTest()
        let task = scope.spawn("runs") {
            _ = try await Subprocess.run(
                ["sh", "-c", script], .init(directory: directory.path, grace: .milliseconds(50)))
        }
        var pid: Int32 = 0
        try await Deadline.within(.seconds(20)) {
            while pid == 0 {
                let text = try await Subprocess.run(["cat", "\(directory.path)/grandchild"]).outputText
                pid = Int32(text.prefix { $0 != "\n" }) ?? 0
            }
        }
        #expect(isAlive(pid))
        task.cancel()
        await scope.close(grace: .seconds(20))
        #expect(!isAlive(pid))
    }

    @Test("a descendant that keeps the pipes open does not keep run waiting")
    func heldPipes() async throws {
        let result = try await Deadline.within(.seconds(30)) {
            try await Subprocess.run(["setsid", "sh", "-c", "sleep 33 & echo $!"])
        }
        #expect(result.succeeded)
        let pid = try #require(Int32(result.outputText.prefix { $0 != "\n" }))
        let entry = try #require(try await ProcessTable.snapshot().entries[pid])
        try await ProcessTable.terminate(entry.identity)
    }

    @Test("a child that closes its output and lives on is waited for")
    func closedOutput() async throws {
        let result = try await Subprocess.run(["sh", "-c", "exec >&- 2>&-; read line; exit 5"])
        #expect(result.exitCode == 5)
    }

    @Test("input and output flow both ways while it runs")
    func conversation() async throws {
        let child = try await Subprocess.start(["cat"], .init(input: .stream, output: .stream))
        for word in ["one", "two", "three"] {
            try await child.write(Array("\(word)\n".utf8))
            #expect(try await line(of: child) == word)
        }
        child.finishInput()
        #expect(try await child.value() == .exited(0))
        #expect(try await child.output?.next() == nil)
        await child.stop()
    }

    @Test("a slow reader holds the writer back, and nothing is lost")
    func backPressure() async throws {
        let child = try await Subprocess.start(["head", "-c", "20000000", "/dev/zero"], .init(output: .stream))
        // Its pipe and our buffer hold about one megabyte, so it cannot end while nobody reads.
        var count = 0
        while let bytes = try await child.output?.next() {
            if count == 0 { #expect(child.isRunning) }
            count += bytes.count
        }
        #expect(count == 20_000_000)
        #expect(try await child.value() == .exited(0))
        await child.stop()
    }

    @Test("writing to one that reads no more is an error")
    func brokenInput() async throws {
        let child = try await Subprocess.start(
            ["sh", "-c", "exec <&-; echo closed; sleep 3600"], .init(input: .stream, output: .stream))
        _ = try await line(of: child)
        let fault = await #expect(throws: Fault.self) {
            for _ in 0..<100 { try await child.write([UInt8](repeating: 1, count: 100_000)) }
        }
        #expect(fault?.kind == .unavailable)
        await child.stop(grace: .zero)
    }

    @Test("a writer that waits for room ends with its deadline")
    func writerDeadline() async throws {
        let child = try await Subprocess.start(["sleep", "3600"], .init(input: .stream))
        let fault = await #expect(throws: Fault.self) {
            try await Deadline.within(.milliseconds(50)) {
                for _ in 0..<100 { try await child.write([UInt8](repeating: 1, count: 100_000)) }
            }
        }
        #expect(fault?.kind == .timeout)
        await child.stop(grace: .zero)
        #expect(!child.isRunning)
        #expect(!child.signal(SIGTERM))
    }

    @Test("stopping waits for the polite end, and stopping twice is as good as once")
    func politeStop() async throws {
        let child = try await Subprocess.start(
            ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done"],
            .init(output: .stream))
        #expect(try await line(of: child) == "ready")
        let scope = Scope.forTest()
        scope.spawn("stops too") { await child.stop(grace: .seconds(20)) }
        await child.stop(grace: .seconds(20))
        await scope.close(grace: .seconds(20))
        #expect(try await child.value() == .exited(0))
    }

    @Test("a start whose caller has gone leaves no process and no zombie")
    func abandonedStart() async throws {
        let marker = "perigee-\(getpid())-abandoned"
        let scope = Scope.forTest()
        for _ in 0..<20 {
            let task = scope.spawn("starts") {
                let child = try await Subprocess.start(
                    ["sleep", "3600"], .init(environment: .only(["MARK": marker, "PATH": "/usr/bin:/bin"])))
                // It was ready before the cancellation came: then it is ours to stop.
                await child.stop(grace: .zero)
            }
            await Loop.yield()
            task.cancel()
        }
        await scope.close()
        try await Deadline.within(.seconds(20)) {
            while try await ProcessTable.snapshot().environment("MARK").values.contains(marker) {
                try await Loop.sleep(for: .milliseconds(5))
            }
        }
        let own = try await ProcessTable.snapshot().entries.values.filter {
            $0.parent == getpid() && $0.hasEnded && $0.name == "sleep"
        }
        #expect(own.isEmpty)
    }
}

@Suite("subprocess: decisions")
struct SubprocessDecisionTests {
    private func filled(_ limit: Int, _ overflow: Subprocess.Overflow, _ parts: [String]) -> (String, Int, Bool) {
        var bytes = BoundedBytes(limit: limit, overflow: overflow)
        var isWithin = true
        for part in parts { isWithin = Array(part.utf8).withUnsafeBytes { bytes.append($0) } && isWithin }
        return (String(decoding: bytes.bytes, as: UTF8.self), bytes.lost, isWithin)
    }

    @Test("bounded bytes keep what their rule says, however the parts fall")
    func boundedBytes() {
        for parts in [["abcdefghij"], ["a", "bc", "def", "ghij"], "abcdefghij".map { String($0) }] {
            #expect(filled(4, .dropOldest, parts) == ("ghij", 6, true))
            #expect(filled(4, .keepEnds, parts) == ("abij", 6, true))
            #expect(filled(5, .keepEnds, parts) == ("abhij", 5, true))
            #expect(filled(10, .fail, parts) == ("abcdefghij", 0, true))
            #expect(filled(9, .fail, parts).2 == false)
            #expect(filled(0, .dropOldest, parts) == ("", 10, true))
        }
    }

    @Test("stopping asks once, waits, forces until nobody is left, and does not wait for ever")
    func stopSequence() {
        var sequence = StopSequence()
        func step(_ isEmpty: Bool, _ grace: Bool, _ patience: Bool = false) -> StopSequence.Step {
            sequence.next(groupIsEmpty: isEmpty, graceIsOver: grace, patienceIsOver: patience)
        }
        #expect(step(false, false) == .terminate)
        #expect(step(false, false) == .wait)
        #expect(step(false, true) == .kill)
        #expect(step(false, true) == .kill)
        #expect(step(false, true, true) == .done)
        #expect(step(false, true, true) == .done)

        sequence = StopSequence()
        #expect(step(true, false) == .done, "already gone")

        sequence = StopSequence()
        #expect(step(false, true, true) == .terminate, "each gets its SIGTERM and then its SIGKILL")
        #expect(step(false, true, true) == .kill)
        #expect(step(true, true) == .done)
    }
}
