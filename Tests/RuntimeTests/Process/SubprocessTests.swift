import Glibc
import Testing

@testable import Runtime

@Suite("subprocess: run")
@Loop
struct SubprocessTests {
    @Test("output, errors and exit code come back; a signal counts as 128 and its number")
    func result() async throws {
        let result = try await Subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
        #expect(result.outputText == "out\n" && result.errorText == "err\n")
        #expect(result.exitCode == 7 && !result.succeeded)
        #expect(try await Subprocess.run(["sh", "-c", "kill -9 $$"]).exitCode == 137)
    }

    @Test("arguments reach the program as they are; no shell reads them")
    func arguments() async throws {
        let odd = ["a b", "", "$HOME", "; rm -rf /", "'\"", "ü\n"]
        let result = try await Subprocess.run(["printf", "%s|"] + odd)
        #expect(result.outputText == odd.map { $0 + "|" }.joined())
    }

    @Test("the environment is what was asked for and nothing else")
    func environment() async throws {
        let only = try await Subprocess.run(["/usr/bin/env"], .init(environment: .only(["A": "1", "B": "x=y"])))
        #expect(only.outputText == "A=1\nB=x=y\n")
        setenv("PERIGEE_TEST_SECRET", "s3cret", 1)
        let inherited = try await Subprocess.run(["env"], .init(environment: .inherit(["PATH"], adding: ["C": "3"])))
        let names = inherited.outputText.split(separator: "\n").map { $0.prefix { $0 != "=" } }
        #expect(names.sorted() == ["C", "PATH"])
    }

    @Test("it starts in the directory asked for")
    func directory() async throws {
        #expect(try await Subprocess.run(["pwd"], .init(directory: "/usr/bin")).outputText == "/usr/bin\n")
    }

    @Test("input is given to the end, however much it is, and output comes back meanwhile")
    func bigInput() async throws {
        let size = 50 << 20
        var bytes = [UInt8](repeating: 0, count: size)
        for index in stride(from: 0, to: size, by: 997) { bytes[index] = UInt8(truncatingIfNeeded: index) }
        let result = try await Subprocess.run(["cat"], .init(input: .bytes(bytes), output: .collect(size, .fail)))
        #expect(result.output == bytes)
    }

    @Test("a program that does not read its input is no error")
    func unreadInput() async throws {
        let result = try await Subprocess.run(["true"], .init(input: .bytes([UInt8](repeating: 1, count: 1 << 20))))
        #expect(result.succeeded)
    }

    @Test("without input it reads the end at once")
    func noInput() async throws {
        #expect(try await Subprocess.run(["cat"]).output.isEmpty)
    }

    @Test("output beyond its bound ends the program")
    func tooMuch() async throws {
        let fault = await #expect(throws: Fault.self) {
            try await Subprocess.run(["yes"], .init(output: .collect(1000, .fail)))
        }
        #expect(fault?.kind == .tooLarge)
        #expect(fault?.message.contains("yes") == true)
    }

    @Test("of long output the newest, or both ends, are kept, and what was lost is counted")
    func keptParts() async throws {
        let count = ["seq", "1", "100000"]
        let newest = try await Subprocess.run(count, .init(output: .collect(20, .dropOldest)))
        #expect(
            newest.outputText == "8\n99999\n100000\n".suffix(14).description
                || newest.outputText.hasSuffix("\n99999\n100000\n"))
        #expect(newest.output.count == 20)
        let ends = try await Subprocess.run(count, .init(output: .collect(20, .keepEnds)))
        #expect(ends.outputText.hasPrefix("1\n2\n3\n4\n5\n") && ends.outputText.hasSuffix("100000\n"))
        #expect(ends.lostOutput == 588_895 - 20)
    }

    @Test("failed starts say what and why, and never show arguments")
    func failedStarts() async throws {
        let directory = TemporaryDirectory()
        directory.write("#!/nonexistent/interpreter\n", to: "script")
        directory.write("text", to: "plain")
        directory.write("garbage", to: "garbage")
        chmod("\(directory.path)/script", 0o755)
        chmod("\(directory.path)/garbage", 0o755)
        func fault(_ arguments: [String], _ options: Subprocess.Options = .init()) async -> Fault? {
            let fault = await #expect(throws: Fault.self) { try await Subprocess.run(arguments, options) }
            #expect(fault?.description.contains("s3cret") == false)
            return fault
        }
        #expect(await fault(["no-such-program", "s3cret"])?.kind == .notFound)
        #expect(await fault(["/no/such/program", "s3cret"])?.kind == .notFound)
        #expect(await fault(["\(directory.path)/plain", "s3cret"])?.kind == .denied)
        #expect(await fault(["\(directory.path)/script", "s3cret"])?.message.contains("interpreter") == true)
        #expect(await fault(["\(directory.path)/garbage", "s3cret"])?.kind == .denied)
        #expect(await fault([directory.path, "s3cret"])?.kind == .denied)
        #expect(await fault([])?.kind == .invalidInput)
        #expect(await fault(["echo", "s3cret\0"])?.kind == .invalidInput)
        #expect(await fault(["echo"], .init(environment: .only(["A=B": "s3cret"])))?.kind == .invalidInput)
        #expect(await fault(["echo"], .init(directory: "/no/such/place"))?.message.contains("/no/such/place") == true)
        let long = [String](repeating: String(repeating: "s3cret", count: 20_000), count: 40)
        #expect(await fault(["echo"] + long)?.kind == .tooLarge)
    }

    @Test("the child holds no descriptor of ours")
    func descriptors() async throws {
        let held = open("/dev/null", O_RDONLY)
        defer { close(held) }
        let result = try await Subprocess.run(["ls", "/proc/self/fd"])
        #expect(result.outputText == "0\n1\n2\n3\n", "3 is the directory that ls reads")
    }

    @Test("the child ignores and blocks no signal, and leads its own group")
    func signals() async throws {
        signal(SIGPIPE, SIG_IGN)
        let result = try await Subprocess.run(["cat", "/proc/self/status"])
        for line in result.outputText.split(separator: "\n") where line.hasPrefix("SigIgn") || line.hasPrefix("SigBlk")
        {
            // 32 and 33 are the C library's own.
            let mask = UInt64(line.drop { $0 != "\t" }.dropFirst(), radix: 16)
            #expect(mask.map { $0 & ~0x1_8000_0000 } == 0, "\(line)")
        }
        let groups = try await Subprocess.run(["sh", "-c", "echo $$; cat /proc/$$/stat"])
        let words = groups.outputText.split { $0 == " " || $0 == "\n" }
        #expect(words[0] == words[5], "its number is its group's")
    }

    @Test("a session of its own when asked")
    func session() async throws {
        let child = try await Subprocess.start(["sleep", "600"], .init(ownSession: true))
        let entry = try #require(try await ProcessTable.snapshot().entries[child.pid])
        #expect(entry.session == child.pid)
        await child.stop(grace: .seconds(5))
    }

    @Test("limits hold in the child")
    func limits() async throws {
        let child = try await Subprocess.start(
            ["sh", "-c", "read go; ulimit -n"],
            .init(input: .stream, output: .stream, limits: [.init(.openFiles, 123)]))
        try await child.write(Array("go\n".utf8))
        #expect(try await child.output?.next().map { String(decoding: $0, as: UTF8.self) } == "123\n")
        await child.stop()
    }

    @Test("two hundred at once, each with its own output")
    func many() async throws {
        let scope = Scope.forTest()
        var right = 0
        for number in 0..<200 {
            scope.spawn("child") {
                let result = try await Subprocess.run(["sh", "-c", "echo $1; exit 3", "sh", "\(number)"])
                if result.outputText == "\(number)\n" && result.exitCode == 3 { right += 1 }
            }
        }
        await scope.close(grace: .seconds(90))
        #expect(right == 200)
    }
}
