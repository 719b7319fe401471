import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners as processes", .serialized)
@Loop
struct ProcessBackendTests {
    @Test("one starts, answers with its password alone, says what it uses and prints, and ends with nothing left")
    func life() async throws {
        try await ProcessBed.with { bed in
            var progress: [String] = []
            let place = try await bed.backend.start(bed.spec()) { progress.append($0) }
            #expect(place.mode == .process && !progress.isEmpty)
            #expect(try await bed.status(place, password: nil) == 401)
            #expect(try await bed.status(place, password: "guessed") == 401)
            #expect(try await bed.status(place, password: place.password.reveal()) == 200)
            #expect(try await bed.backend.presence(of: place) == .up)
            let use = try await bed.backend.use(of: place)
            #expect(use.memory ?? 0 > 0 && use.processes ?? 0 >= 1 && use.cpuTime ?? .zero > .zero)
            #expect(try await bed.backend.log(of: place, lines: 5).contains("listening on \(place.address)"))

            let environment = try await bed.run("env; pwd", in: place)
            let home = "\(bed.directory.path)/ada/private"
            for line in [
                "COLOUR=green", "OPENAI_API_KEY=sk-secret-of-ada", "HOME=\(home)/home", "XDG_DATA_HOME=\(home)/data",
                "XDG_CONFIG_HOME=\(home)/config", "XDG_STATE_HOME=\(home)/state", "XDG_CACHE_HOME=\(home)/cache",
                "\(bed.directory.path)/ada/work",
            ] { #expect(environment.contains(line), "\(line) is missing") }
            #expect(bed.exists("ada/private/data/opencode/sessions.json"))
            // No argument of any process says a secret.
            let arguments = try await bed.ours().flatMap(\.arguments).joined(separator: " ")
            #expect(arguments.contains("serve"))
            #expect(!arguments.contains("sk-secret") && !arguments.contains(place.password.reveal()))

            try await bed.backend.stop(place, grace: .seconds(5))
            #expect(try await bed.backend.presence(of: place) == .gone)
            try await bed.backend.stop(place, grace: .zero)
            #expect(try await bed.backend.use(of: place) == RunnerUse())
            #expect(bed.backend.lives.isEmpty)
        }
    }

    @Test("tools in groups of their own end with it, also when nobody is polite and its first process was killed")
    func tools() async throws {
        try await ProcessBed.with { bed in
            for isKilled in [false, true] {
                let place = try await bed.start(bed.spec())
                let before = try await bed.ours().count
                bed.begin("trap '' TERM; env -i setsid sleep 601 & setsid sleep 602 & sleep 603", in: place)
                try await bed.until("tools") { try await bed.backend.use(of: place).processes ?? 0 >= before + 4 }
                if isKilled {
                    kill(try RunnerProcess(place.identity).identity.pid, SIGKILL)
                    let end = try await bed.backend.end(of: place)
                    #expect(end == RunnerEnd(reason: "signal 9"))
                    #expect(try await bed.backend.presence(of: place) == .gone)
                    let found = try #require(try await bed.backend.found().first { $0.owner == bed.owner })
                    #expect(!found.isUp && found.name == "runner-ada", "what is left of it is found")
                }
                try await bed.backend.stop(place, grace: .milliseconds(100))
                #expect(try await bed.ours().isEmpty)
                let sleepers = try await ProcessTable.snapshot().entries.values.filter {
                    ["601", "602", "603"].contains($0.arguments.last)
                }
                #expect(sleepers.isEmpty)
            }
        }
    }

    @Test("another Perigee takes over a runner that is up, and hears of its end")
    func adoption() async throws {
        try await ProcessBed.with { bed in
            let place = try await bed.start(bed.spec())
            let other = try await bed.another()
            #expect(try await other.presence(of: place) == .up)
            #expect(try await other.use(of: place).processes ?? 0 >= 1)
            #expect(try await other.log(of: place, lines: 1).contains("listening"))
            let found = try #require(try await other.found().first { $0.owner == bed.owner })
            #expect(found.identity == place.identity && found.isUp && found.name == "runner-ada")
            #expect(found.workspace == "ada" && found.signature == "s1" && (found.memory ?? 0) > 0)
            #expect(abs(found.started - SystemClock().now) < 3600)
            let ended = Waiter<RunnerEnd>("the end of a runner")
            bed.scope.spawn("waits") { ended.finish(.success(try await other.end(of: place))) }
            await Loop.yield()
            try await other.stop(place, grace: .seconds(5))
            #expect(try await ended.value().reason.contains("exit code is not known"))
            #expect(try await bed.backend.presence(of: place) == .gone)
            other.close()
        }
    }

    @Test("a start ends what bore the name before")
    func sameName() async throws {
        try await ProcessBed.with { bed in
            let first = try await bed.start(bed.spec())
            bed.begin("setsid sleep 604", in: first)
            try await bed.until("the tool") { try await bed.ours().contains { $0.arguments.last == "604" } }
            let second = try await bed.start(bed.spec())
            #expect(try await bed.backend.presence(of: first) == .gone)
            #expect(try await bed.backend.presence(of: second) == .up)
            #expect(try await !bed.ours().contains { $0.arguments.last == "604" })
            // The earlier one's place is nobody's name: ending it once more leaves the newer alone.
            try await bed.backend.stop(first, grace: .zero)
            #expect(try await bed.status(second, password: second.password.reveal()) == 200)
            #expect(second.password != first.password)
            try await bed.backend.stop(second, grace: .zero)
        }
    }

    @Test("a number that is another's by now is not taken for a runner, and not signalled")
    func reusedNumber() async throws {
        try await ProcessBed.with(sandbox: .auto) { bed in
            let child = try await Subprocess.start(["sleep", "600"])
            let real = try #require(ProcessTable.identity(of: child.pid))
            for (start, boot) in [(real.startTime + 1, real.bootID), (real.startTime, "another-boot")] {
                let place = bed.place("\(child.pid):\(start):\(boot):00aa:runner-ada")
                #expect(try await bed.backend.presence(of: place) == .gone)
                try await bed.backend.stop(place, grace: .zero)
                _ = try await bed.backend.end(of: place)
                #expect(child.isRunning)
            }
            for text in ["", "1:2:b:t:n", "x:2:b:t:n", "7:2:b:t", "7:2:b:t:n:m", "7:2:b:../x:n"] {
                let fault = await #expect(throws: Fault.self) {
                    try await bed.backend.stop(bed.place(text), grace: .zero)
                }
                #expect(fault?.kind == .invalidInput)
            }
            await child.stop(grace: .zero)
        }
    }

    @Test("one that was stopped by a signal is of no use, and ends all the same")
    func stopped() async throws {
        try await ProcessBed.with { bed in
            let place = try await bed.start(bed.spec())
            kill(try RunnerProcess(place.identity).identity.pid, SIGSTOP)
            try await bed.until("its stop") { try await bed.backend.presence(of: place) != .up }
            guard case .stuck = try await bed.backend.presence(of: place) else {
                Issue.record("it is there, and of no use")
                return
            }
            try await bed.backend.stop(place, grace: .milliseconds(50))
        }
    }

    @Test("without a sandbox it runs with directories of its own, and what left its group and session ends too")
    func bare() async throws {
        try await ProcessBed.with(sandbox: .none) { bed in
            let place = try await bed.start(bed.spec())
            #expect(try await bed.status(place, password: nil) == 401)
            bed.begin("trap '' TERM; (setsid sleep 605 &); (setsid setsid sleep 606 &); sleep 607", in: place)
            try await bed.until("tools") {
                try await bed.ours().filter { ["605", "606", "607"].contains($0.arguments.last) }.count == 3
            }
            kill(try RunnerProcess(place.identity).identity.pid, SIGKILL)
            #expect(try await bed.backend.end(of: place).reason == "signal 9")
            let left = try #require(try await bed.backend.found().first { $0.owner == bed.owner })
            #expect(!left.isUp)
            try await bed.backend.stop(bed.place(left.identity), grace: .milliseconds(100))
            #expect(try await bed.ours().isEmpty)
        }
    }
}
