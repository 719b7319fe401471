import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("container runners when something is wrong")
@Loop
struct ContainerFaultTests {
    @Test("an image or a network that is not there is named, and nothing is left")
    func missing() async throws {
        try await ContainerBed.with { bed in
            let image = await #expect(throws: Fault.self) {
                _ = try await bed.start(bed.spec { $0.image = "127.0.0.1:9/no/image:1" })
            }
            #expect(image?.message.contains("pull the image 127.0.0.1:9/no/image:1") == true)
            #expect(bed.progress == ["pulling the image 127.0.0.1:9/no/image:1"])
            let network = await #expect(throws: Fault.self) {
                _ = try await bed.start(bed.spec { $0.network = "no-such-network" })
            }
            #expect(network?.kind == .notFound && network?.hint?.contains("docker network create") == true)
            let left = try await bed.backend.found()
            let networks = try await bed.engine.networks(labels: ["\(DockerMark.ownerLabel)=house"])
            #expect(left.isEmpty && networks.isEmpty)
        }
    }

    @Test("a program that ends at once is told with its words, and leaves nothing")
    func stillborn() async throws {
        try await ContainerBed.with { bed in
            let spec = try bed.spec { $0.command = ["sh", "-c", "echo no agent here; exit 3", "serve"] }
            let place: RunnerPlace
            do {
                // Whether it has ended before it was looked at is a race: both outcomes are to be told.
                place = try await bed.start(spec)
            } catch {
                #expect(Fault(error).message.contains("exit code 3: no agent here"))
                #expect(try await bed.backend.found().isEmpty)
                return
            }
            #expect(try await bed.backend.end(of: place).reason == "exit code 3")
            #expect(try await bed.backend.log(of: place, lines: 3) == "no agent here\n")
        }
    }

    @Test("a start that nobody waits for any more leaves no container and no network")
    func cancelled() async throws {
        try await ContainerBed.with { bed in
            for delay in [0, 20, 60, 120, 250, 500] {
                let scope = Scope("test") { _, error in Issue.record(error) }
                let spec = try bed.spec()
                let task = scope.spawn("starts") { _ = try await bed.start(spec) }
                try await Loop.sleep(for: .milliseconds(delay))
                task.cancel()
                await scope.close()
                for runner in try await bed.backend.found() {
                    #expect(runner.isUp, "half a start was left after \(delay) ms")
                    let place = RunnerPlace(
                        mode: .container, identity: runner.identity, address: "", password: Secret(""))
                    try await bed.backend.stop(place, grace: .zero)
                }
                #expect(try await bed.engine.networks(labels: ["\(DockerMark.ownerLabel)=house"]).isEmpty)
            }
        }
    }

    @Test("dockerd is killed and comes back: runners go on, and their end is still heard of")
    func engineKilled() async throws {
        try await ContainerBed.with { bed in
            let place = try await bed.start(bed.spec())
            #expect(try await bed.health(place) == 200)
            let scope = Scope("test") { _, error in Issue.record(error) }
            let seen = Mailbox<RunnerEnd>("ends")
            scope.spawn("waits") { seen.send(try await bed.backend.end(of: place)) }
            try await bed.docker.order("crash")
            let fault = await #expect(throws: Fault.self) { _ = try await bed.start(bed.spec("ffffffffffffffff")) }
            #expect(fault?.kind == .unavailable && fault?.isRetryable == true)
            #expect(await bed.kind { _ = try await bed.backend.presence(of: place) } == .unavailable)
            try await bed.docker.order("start")
            #expect(try await bed.backend.presence(of: place) == .up)
            _ = try await bed.shell("kill -9 -1", in: place)
            #expect(try await seen.next()?.reason.isEmpty == false)
            await scope.close()
        }
    }

    @Test("what dockerd took along is removed when it is back, and not while it goes down")
    func takenAlong() async throws {
        try await ContainerBed.with {
            $0.shutdown = .milliseconds(500)
        } _: { bed in
            try await bed.docker.restarted("start-plain") {
                let place = try await bed.start(bed.spec())
                #expect(try await bed.health(place) == 200)
                let scope = Scope("test") { _, error in Issue.record(error) }
                let cleared = Waiter<Void>("what it left")
                scope.spawn("clears") {
                    _ = try await bed.backend.end(of: place)
                    try await bed.backend.clearAway(place)
                    cleared.finish(.success(()))
                }
                try await bed.docker.order("stop")
                #expect(!cleared.isFinished)
                try await bed.docker.order("start-plain")
                try await cleared.value()
                #expect(try await bed.backend.found().isEmpty)
                #expect(try await bed.engine.networks(labels: ["\(DockerMark.ownerLabel)=house"]).isEmpty)
                await scope.close()
            }
        }
    }

    @Test("a frozen dockerd ends a start by its deadline, and a later one finds the name free")
    func engineFrozen() async throws {
        try await ContainerBed.with { bed in
            try await bed.engine.ping()
            try await bed.docker.order("freeze")
            let fault = await #expect(throws: Fault.self) { _ = try await bed.start(bed.spec()) }
            #expect(fault?.kind == .timeout && fault?.message.contains("did not") == true)
            try await bed.docker.order("thaw")
            let place = try await bed.start(bed.spec())
            #expect(try await bed.health(place) == 200)
        }
    }
}
