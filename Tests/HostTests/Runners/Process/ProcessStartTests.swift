import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners as processes: starts that fail", .serialized)
@Loop
struct ProcessStartTests {
    /// A program of a test's own in place of the agent.
    private func program(_ script: String, in bed: ProcessBed) -> [String] {
        bed.directory.write(script, to: "program")
        return ["/bin/sh", "\(bed.directory.path)/program"]
    }

    private func failure(_ spec: RunnerSpec, in bed: ProcessBed) async throws -> Fault {
        let fault = await #expect(throws: Fault.self) { _ = try await bed.start(spec) }
        #expect(try await bed.ours().isEmpty)
        #expect(bed.backend.lives.isEmpty)
        return try #require(fault)
    }

    @Test("one that ends before it listens says how and what it printed, without its secrets")
    func early() async throws {
        try await ProcessBed.with(sandbox: .none) { bed in
            let command = program(
                "setsid sleep 611 & echo no key: $OPENAI_API_KEY $OPENCODE_SERVER_PASSWORD; exit 3", in: bed)
            let spec = bed.spec {
                $0.command = command
                $0.secrets["OPENCODE_SERVER_PASSWORD"] = Secret("pass-of-ada")
            }
            let fault = try await failure(spec, in: bed)
            #expect(fault.kind == .unavailable && fault.hint != nil)
            #expect(fault.message.contains("exit code 3") && fault.message.contains("no key: ••• •••"))
        }
    }

    @Test("one that says nothing has its time, and nothing of it is left")
    func silent() async throws {
        try await ProcessBed.with(sandbox: .none) { bed in
            let command = program("setsid sleep 612 & trap '' TERM; sleep 613", in: bed)
            let fault = try await failure(
                bed.spec {
                    $0.command = command
                    $0.startTimeout = .milliseconds(200)
                }, in: bed)
            #expect(fault.kind == .timeout && fault.message.contains("200ms"))
        }
    }

    @Test("a start that nobody waits for any more leaves nothing, whenever that was")
    func cancelled() async throws {
        try await ProcessBed.with { bed in
            for pause in [0, 1, 3, 10, 30, 100] {
                let start = bed.scope.spawn("starts") {
                    let place = try await bed.start(bed.spec())
                    try await Deadline.lifted { try await bed.backend.stop(place, grace: .zero) }
                }
                try await Loop.sleep(for: .milliseconds(pause))
                start.cancel()
                await start.value
                try await bed.until("nothing left") { try await bed.ours().isEmpty }
            }
        }
    }

    @Test("when its port is taken meanwhile it tries another")
    func takenPort() async throws {
        try await ProcessBed.with(sandbox: .none) { bed in
            let script = """
                echo x >> tries; [ $(wc -l < tries) -lt 3 ] && { echo "Failed to start server on port $4"; exit 1; }
                exec \(ProcessBed.program) "$@"
                """
            let command = program(script, in: bed)
            let place = try await bed.start(bed.spec { $0.command = command })
            #expect(try await bed.status(place, password: place.password.reveal()) == 200)
            try await bed.backend.stop(place, grace: .zero)
            #expect(
                try await Subprocess.run(["wc", "-l", "\(bed.directory.path)/ada/work/tries"]).outputText.hasPrefix(
                    "3 "))

            let never = program("echo EADDRINUSE; exit 1", in: bed)
            let fault = try await failure(bed.spec { $0.command = never }, in: bed)
            #expect(fault.kind == .conflict)
        }
    }

    @Test("the newer version's ready line does as well, and its password stays out of the log")
    func newMajor() async throws {
        try await ProcessBed.with { bed in
            let place = try await bed.start(bed.spec { $0.environment["FAKE_OPENCODE_MODES"] = "newMajor" })
            try await bed.until("its password") {
                try await bed.backend.log(of: place, lines: 9).contains("server password")
            }
            let log = try await bed.backend.log(of: place, lines: 9)
            #expect(log.contains("server password •••") && !log.contains(place.password.reveal()))
            try await bed.backend.stop(place, grace: .zero)
        }
    }

    @Test("what cannot be is refused with what would do")
    func refused() async throws {
        try await ProcessBed.with(sandbox: .none) { bed in
            let faults = [
                try await failure(bed.spec { $0.command = ["perigee-no-such-program"] }, in: bed),
                try await failure(bed.spec { $0.mounts = [RunnerMount(source: "/usr", target: "/else")] }, in: bed),
            ]
            #expect(faults.map(\.kind) == [.notFound, .invalidInput])
            #expect(faults.allSatisfy { $0.hint != nil })
            let missing = bed.spec("bob")
            rmdir(missing.directory)
            let absent = try await failure(missing, in: bed)
            #expect(absent.kind == .notFound)
        }
        try await ProcessBed.with { bed in
            let volume = bed.spec { $0.mounts = [RunnerMount(source: "volume", target: "/data")] }
            let fault = try await failure(volume, in: bed)
            #expect(fault.kind == .invalidInput)
        }
    }
}
