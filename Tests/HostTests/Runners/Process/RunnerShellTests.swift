import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners as processes: marks, lines and commands")
@Loop
struct RunnerShellTests {
    @Test("a mark comes back as it went, and what is none of ours is passed over")
    func mark() async throws {
        try await ProcessBed.with(sandbox: .none) { bed in
            let mark = try RunnerMark(bed.spec(), owner: "o-1")
            #expect(RunnerMark(mark.text) == mark && mark.text.hasPrefix("o-1:runner-ada:ada:s1:"))
            #expect(try RunnerMark(bed.spec(), owner: "o-1") != mark, "each start has its own")
            for text in ["", "a:b:c:d", "a:b:c:d:", "a:b:c:d:e:f", "a:b:../c:d:e", "a:b: :d:e", "a:b:.c:d:e"] {
                #expect(RunnerMark(text) == nil, "\(text)")
            }
            #expect(throws: Fault.self) { try RunnerMark(bed.spec(), owner: "a:b") }
        }
    }

    @Test(
        "where it listens is read from whole lines of either version",
        arguments: [
            ("opencode server listening on http://127.0.0.1:4096\n", "http://127.0.0.1:4096"),
            ("Warning: x\nopencode server listening on http://127.0.0.1:81\nmore", "http://127.0.0.1:81"),
            ("server listening on http://127.0.0.1:5000\nserver password abc\n", "http://127.0.0.1:5000"),
            ("server listening on http://127.0.0.1:50", nil), ("listening on http://127.0.0.1:50\n", nil),
            ("server listening on http://127.0.0.1:99999\n", nil), ("server listening on http://:x\n", nil), ("", nil),
        ] as [(String, String?)])
    func ready(_ output: String, _ address: String?) {
        #expect(ReadyLine.address(in: output) == address)
    }

    @Test("the command is serve on a port of ours, or what is configured")
    func arguments() throws {
        #expect(RunnerShell.arguments([], 7) == ["serve", "--hostname", "127.0.0.1", "--port", "7"])
        #expect(RunnerShell.arguments(["-p", "{port}"], 7) == ["-p", "7"])
        let port = try FreePort.any()
        #expect(1024...65535 ~= port)
    }

    @Test("a log is cut to its newest half, keeps whole lines, and follows no link")
    func log() throws {
        let directory = TemporaryDirectory()
        let line = String(repeating: "x", count: 99) + "\n"
        directory.write(String(repeating: line, count: 12_000) + "last\n", to: "r.log")
        let log = RunnerLog(directory.path, "r")
        #expect(log.lines(2) == line + "last" && log.lines(0) == "")
        #expect(log.text(from: log.size - 5) == "last\n" && log.text(from: log.size + 5, atMost: 3) == "xxx")
        log.trim()
        #expect(log.size <= RunnerLog.most / 2 && log.size > RunnerLog.most / 2 - 100)
        #expect(log.text(atMost: 100) == line && log.lines(1) == "last")
        let size = log.size
        log.trim()
        #expect(log.size == size)
        #expect(symlink("\(directory.path)/r.log", "\(directory.path)/l.log") == 0)
        #expect(RunnerLog(directory.path, "l").lines(1) == "")
        #expect(RunnerLog(directory.path, "none").lines(3) == "")
    }

    @Test("output beyond the bound is cut while it runs, and the runner writes on")
    func trimming() async throws {
        let directory = TemporaryDirectory()
        let log = RunnerLog(directory.path, "r")
        let script = "head -c 3000000 /dev/zero | tr '\\0' '\\n'; echo full; read x; echo after"
        let child = try await Subprocess.start(["sh", "-c", script], .init(input: .stream, output: .file(log.path)))
        try await Deadline.within(.seconds(30)) {
            while !log.text(from: 3_000_000).contains("full") { try await Loop.sleep(for: .milliseconds(5)) }
            log.trim()
            try await child.write(Array("\n".utf8))
            _ = try await child.value()
        }
        #expect(log.size <= RunnerLog.most / 2 + 6 && log.lines(2) == "full\nafter")
        await child.stop()
    }

    @Test("settings name the command, the sandbox and what more may be read")
    func settings() throws {
        func read(_ values: [String: String]) throws -> ProcessSettings {
            let all = values.merging(["STATE_DIR": "/s"]) { $1 }
            return ProcessSettings(
                try Settings(SettingSource(layers: [.init(origin: .environment, values: all)])), owner: "o")
        }
        let plain = try read([:])
        #expect(plain.command == ["opencode"] && plain.sandbox == .auto && plain.readable.isEmpty)
        #expect(plain.logs == "/s/runner-logs")
        let other = try read([
            "RUNNER_COMMAND": "/x/opencode --pure", "RUNNER_SANDBOX": "none", "RUNNER_READABLE": "/opt/a,/opt/b",
        ])
        #expect(other.command == ["/x/opencode", "--pure"] && other.sandbox == .none)
        #expect(other.readable == ["/opt/a", "/opt/b"])
        for bad in [
            ["RUNNER_SANDBOX": "maybe"], ["RUNNER_READABLE": "/"], ["RUNNER_READABLE": "x"],
        ] {
            #expect(throws: Fault.self) { try read(bad) }
        }
    }
}
