import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners of our own: starts, turns and stops")
@Loop
struct OwnRunnersTests {
    @Test("many turns at once start one runner, see how far it is, and share it")
    func singleFlight() async throws {
        try await OwnRunnersBed.with { bed in
            let hold = Waiter<Void>("everybody")
            bed.backend.hold = hold
            var words: [Set<String>] = []
            var leases: [RunnerLease] = []
            var ends: [Waiter<Void>] = []
            for index in 0..<10 {
                words.append([])
                ends.append(
                    bed.inBackground("turn \(index)") {
                        let lease = try await bed.lease {
                            words[index].insert($0)
                            if words.count == 10, words.allSatisfy({ !$0.isEmpty }) { hold.finish(.success(())) }
                        }
                        leases.append(lease)
                    })
            }
            for end in ends { try await end.value() }
            #expect(bed.backend.count("start") == 1 && bed.machine.up.count == 1)
            #expect(Set(leases.map(\.runner)).count == 1)
            #expect(words.allSatisfy { $0.contains("Pulling the image") })
            #expect(bed.runners.list().map(\.leases) == [10])
            // It is the one that its workspace, keys and password say.
            let runner = try #require(try await bed.runner())
            let workspace = try await bed.access.workspace()
            #expect(runner.name == "open-persona-runner-\(workspace.id)-\(workspace.keySignature)")
            #expect(try await leases[0].server.probe().major == 1)
            for lease in leases { lease.release() }
            #expect(bed.runners.list()[0].leases == 0)
        }
    }

    @Test("a turn on a runner that is up asks the backend for nothing, and the hook only once")
    func warm() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            let before = bed.backend.calls
            for _ in 0..<20 { try await bed.lease().release() }
            #expect(bed.backend.calls == before)
            #expect(bed.asked == 1)
            bed.generation = 2
            try await bed.lease().release()
            #expect(bed.asked == 2 && bed.backend.calls == before, "a decision like the last one changes nothing")
        }
    }

    @Test("users and sets of keys have runners of their own, with their keys and nobody else's")
    func keys() async throws {
        try await OwnRunnersBed.with { bed in
            let ann = try await bed.access.workspace("ann")
            _ = try await bed.access.workspaces.setKeys([.openai: Secret("sk-ann-1234")], of: ann)
            let first = try await bed.lease("ann")
            let second = try await bed.lease("bob")
            _ = try await bed.access.workspaces.setKeys([.openai: Secret("sk-ann-5678")], of: ann)
            let third = try await bed.lease("ann")
            #expect(Set([first.runner, second.runner, third.runner]).count == 3)
            let secrets = bed.machine.up.map { $0.spec.secrets.mapValues { $0.reveal() } }
            #expect(secrets.compactMap { $0["OPENAI_API_KEY"] }.sorted() == ["sk-ann-1234", "sk-ann-5678"])
            #expect(Set(secrets.compactMap { $0[RunnerSpec.passwordVariable] }).count == 3)
            for thing in bed.machine.up { #expect(!thing.spec.environment.values.contains { $0.contains("sk-") }) }
        }
    }

    @Test("a start that fails is told to all who wait, leaves nothing, and the next turn tries again")
    func failure() async throws {
        try await OwnRunnersBed.with { bed in
            bed.backend.failures = [Fault(.notFound, "there is no image opencode")]
            let one = bed.inBackground("one") { _ = try await bed.lease() }
            let two = bed.inBackground("two") { _ = try await bed.lease() }
            for end in [one, two] {
                let fault = await #expect(throws: Fault.self) { try await end.value() }
                #expect(fault?.message == "there is no image opencode")
            }
            #expect(try await bed.entries().isEmpty && bed.runners.list().map(\.life) == [.failed])
            try await bed.lease().release()
            #expect(bed.backend.count("start") == 2)
        }
    }

    @Test("one that ends while it starts, or never answers, fails with what it printed, and is taken away")
    func deafStart() async throws {
        try await OwnRunnersBed.with { bed in
            bed.decision = ["start_timeout": "300ms"]
            bed.backend.hold = Waiter<Void>("the test")
            let turn = bed.inBackground("a turn") { _ = try await bed.lease() }
            try await bed.until("the start") { !bed.machine.up.isEmpty }
            bed.machine.up[0].fake.hangHTTP()
            bed.backend.hold?.finish(.success(()))
            let fault = await #expect(throws: Fault.self) { try await turn.value() }
            #expect(fault?.kind == .timeout && fault?.hint?.contains("it printed") == true)
            #expect(bed.machine.up.isEmpty)
            #expect(try await bed.entries().isEmpty)

            bed.backend.hold = Waiter<Void>("the test")
            let next = bed.inBackground("a turn") { _ = try await bed.lease() }
            try await bed.until("the start") { !bed.machine.up.isEmpty }
            await bed.machine.end(bed.machine.up[0], RunnerEnd(reason: "exit code 1"))
            bed.backend.hold?.finish(.success(()))
            let ended = await #expect(throws: Fault.self) { try await next.value() }
            #expect(ended?.message.contains("exit code 1") == true)
        }
    }

    @Test("so many starts at a time, and so many runners in all; the longest unused makes room")
    func caps() async throws {
        try await OwnRunnersBed.with {
            $0.starts = 4
            $0.room = RunnerRoom(most: 20, mostOfOne: 2)
        } _: { bed in
            var ends: [Waiter<Void>] = []
            for index in 0..<50 {
                ends.append(bed.inBackground("user \(index)") { try await bed.lease("user\(index)").release() })
            }
            for end in ends { try await end.value() }
            #expect(bed.backend.count("start") == 50 && bed.backend.mostStarting <= 4)
            #expect(bed.machine.up.count <= 20)
        }
    }

    @Test("fifty that were stopped cost nothing: no task, no timer, no stream, and nobody is asked about them")
    func stopped() async throws {
        try await OwnRunnersBed.with {
            $0.room = RunnerRoom(most: 60, mostOfOne: 2)
            $0.starts = 50
        } _: { bed in
            // The one that looks around.
            let always = 1
            var ends: [Waiter<Void>] = []
            for index in 0..<50 {
                ends.append(bed.inBackground("user \(index)") { try await bed.lease("user\(index)").release() })
            }
            for end in ends { try await end.value() }
            let all = Array(bed.runners.runners.values)
            for runner in all { try await bed.runners.stop(runner.name) }
            while bed.runners.tools.scope.taskCount > always { try await Loop.sleep(for: .milliseconds(5)) }
            await bed.runners.lookOnce()
            let calls = bed.backend.calls
            await bed.runners.lookOnce()
            #expect(bed.runners.runners.isEmpty && bed.runners.list().isEmpty && bed.machine.up.isEmpty)
            #expect(bed.backend.calls == calls && bed.runners.tools.scope.taskCount == always)
            #expect(bed.runners.tools.places.count == 0 && bed.runners.tools.starts.count == 0)
            #expect(bed.runners.followerCount == 0 && all.allSatisfy { !$0.hasTimer && $0.running == nil })
            #expect(try await bed.entries().isEmpty)
        }
    }

    @Test("without an idle one a turn waits for a place, and says so when there is none in time")
    func noRoom() async throws {
        try await OwnRunnersBed.with {
            $0.room = RunnerRoom(most: 1, mostOfOne: 1)
            $0.patience.place = .milliseconds(200)
        } _: { bed in
            let first = try await bed.lease("ann")
            var words: [String] = []
            let fault = await #expect(throws: Fault.self) { _ = try await bed.lease("bob") { words.append($0) } }
            #expect(fault?.kind == .overBudget && fault?.hint?.contains("RUNNER_MAX") == true)
            #expect(words.contains { $0.contains("Waiting") })
            first.release()
            try await bed.lease("bob").release()
            #expect(bed.machine.up.map(\.spec.workspace) == [try await bed.access.workspace("bob").id])
        }
    }

    @Test("an idle runner is stopped after its time, and its sessions are told before")
    func idle() async throws {
        try await OwnRunnersBed.with { bed in
            bed.decision = ["idle_timeout": "50ms"]
            let lease = try await bed.lease()
            let workspace = try await bed.access.workspace()
            let session = try await lease.server.create(OpencodeNewSession(title: "x"), in: workspace.directory)
            try await lease.server.prompt(
                OpencodePrompt(parts: [.text("hang")]), to: session.id, in: workspace.directory)
            let fake = bed.machine.up[0].fake
            try await fake.until("the turn") { !fake.busySessions.isEmpty }
            lease.release()
            try await bed.until("its end") { bed.machine.up.isEmpty && bed.runners.list().isEmpty }
            #expect(bed.backend.calls.last?.hasPrefix("stop ") == true)
            #expect(fake.messages(session.id).contains { $0["info"]?["error"]?["name"] == "MessageAbortedError" })
            #expect(try await bed.entries().isEmpty)
        }
    }

    @Test("what it is to be changes: not under a turn, and then at once")
    func changed() async throws {
        try await OwnRunnersBed.with { bed in
            let lease = try await bed.lease()
            bed.decision = ["image": "opencode:2", "limits": ["memory": "4GB"]]
            bed.generation = 2
            let next = bed.inBackground("the next turn") {
                let lease = try await bed.lease()
                #expect(bed.machine.up.map(\.spec.image) == ["opencode:2"])
                lease.release()
            }
            try await bed.until("draining") { bed.runners.list().first?.life == .draining }
            #expect(bed.backend.count("start") == 1 && bed.runners.list()[0].isStale)
            lease.release()
            try await next.value()
            #expect(bed.backend.count("start") == 2 && bed.machine.up[0].spec.limits.memory == 4 << 30)
        }
    }

    @Test("one that dies under a turn is told to the turn, and the next turn gets another")
    func dies() async throws {
        try await OwnRunnersBed.with { bed in
            let lease = try await bed.lease()
            var end = RunnerEnd(reason: "killed: out of memory")
            end.wasOutOfMemory = true
            await bed.machine.end(bed.machine.up[0], end)
            try await bed.until("the news") { lease.end != nil }
            #expect(lease.end?.wasOutOfMemory == true)
            let next = try await bed.lease()
            #expect(bed.backend.count("start") == 2 && next.runner == lease.runner)
            lease.release()
            #expect(bed.runners.list().map(\.leases) == [1], "what the dead one gives back concerns nobody")
            next.release()
        }
    }

    @Test("one that no longer answers is replaced; one that answers is left to those who are on it")
    func broughtBack() async throws {
        try await OwnRunnersBed.with { bed in
            let lease = try await bed.lease()
            try await bed.runners.bringBack(lease.runner)
            #expect(bed.backend.count("start") == 1, "it is well, and somebody is on it")
            bed.machine.up[0].fake.hangHTTP()
            try await bed.runners.bringBack(lease.runner)
            let next = try await bed.lease()
            #expect(bed.backend.count("start") == 2 && lease.end != nil && next.end == nil)
            next.release()
            try await bed.runners.bringBack("open-persona-runner-nobody-0")
        }
    }

    @Test("old ones, large ones and deaf ones are retired when nobody is on them")
    func retired() async throws {
        try await OwnRunnersBed.with { bed in
            try await bed.lease().release()
            await bed.runners.lookOnce()
            #expect(bed.machine.up.count == 1)
            bed.backend.memory = 1900 << 20
            let lease = try await bed.lease()
            await bed.runners.lookOnce()
            #expect(bed.runners.list()[0].life == .draining && bed.machine.up.count == 1)
            lease.release()
            try await bed.until("its end") { bed.machine.up.isEmpty && bed.runners.list().isEmpty }

            bed.backend.memory = nil
            try await bed.lease().release()
            bed.machine.up[0].fake.hangHTTP()
            await bed.runners.lookOnce()
            try await bed.until("its end") { bed.machine.up.isEmpty && bed.runners.list().isEmpty }
        }
    }

    @Test("stop and restart by hand do not wait for turns, and tell them")
    func byHand() async throws {
        try await OwnRunnersBed.with { bed in
            let lease = try await bed.lease()
            try await bed.runners.restart(lease.runner)
            #expect(bed.backend.count("start") == 2 && lease.end != nil)
            let second = try await bed.lease()
            try await bed.runners.stop(lease.runner)
            #expect(bed.machine.up.isEmpty && second.end != nil && bed.runners.list().isEmpty)
            await #expect(throws: Fault.self) { try await bed.runners.stop("nothing") }
            let text = try await {
                let lease = try await bed.lease()
                defer { lease.release() }
                return try await bed.runners.logs(lease.runner, lines: 5)
            }()
            #expect(text.contains("server password") && !text.contains(bed.machine.up[0].fake.password))
        }
    }

    @Test("only what the runner sees can be worked in", arguments: ["/", "/etc", "relative", "../x", "/nowhere/else"])
    func outside(_ directory: String) async throws {
        try await OwnRunnersBed.with { bed in
            let workspace = try await bed.access.workspace()
            await #expect(throws: Fault.self) {
                _ = try await bed.runners.lease(workspace: workspace.id, directory: directory)
            }
            await #expect(throws: Fault.self) {
                _ = try await bed.runners.lease(
                    workspace: workspace.id, directory: "\(workspace.directory)/../other")
            }
            #expect(bed.backend.count("start") == 0)
        }
    }
}
