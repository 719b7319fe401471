import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("container runners")
@Loop
struct ContainerBackendTests {
    @Test("one is started, answers with its password alone, and is gone after it was stopped")
    func life() async throws {
        try await ContainerBed.with { bed in
            let spec = try bed.spec()
            let place = try await bed.start(spec)
            let details = try await bed.engine.container(place.identity)
            let end = try #require(details.networks[spec.name])
            #expect(place.mode == .container && place.address == "http://\(end.address):4096")
            // The way where the bridge is not on this machine.
            let outer = try #require(details.ports.first?.outer)
            let published = RunnerPlace(
                mode: .container, identity: place.identity, address: "http://127.0.0.1:\(outer)",
                password: place.password)
            #expect(try await bed.health(published) == 200)
            #expect(try await bed.health(place) == 200)
            #expect(try await bed.health(place, password: "wrong") == 401)
            #expect(try await bed.backend.presence(of: place) == .up)
            #expect(bed.progress == ["starting the container"])
            #expect(try await bed.backend.log(of: place, lines: 5).contains("listening on http://0.0.0.0:4096"))
            let use = try await bed.backend.use(of: place)
            #expect(use.memory ?? 0 > 1 << 20 && use.processes ?? 0 >= 2 && use.cpuTime ?? .zero > .zero)
            let found = try #require(try await bed.backend.found().first { $0.owner == "house" })
            #expect(found.identity == place.identity && found.name == spec.name && found.isUp)
            #expect(found.workspace == spec.workspace && found.signature == spec.signature)
            #expect(found.started > 1_700_000_000)

            try await bed.backend.stop(place, grace: .seconds(2))
            try await bed.backend.stop(place, grace: .seconds(2))
            #expect(try await bed.backend.presence(of: place) == .gone)
            #expect(try await bed.backend.found().isEmpty)
            #expect(await bed.kind { _ = try await bed.engine.network(spec.name) } == .notFound)
        }
    }

    @Test("it has its own directories, no rights, its limits, and a file system that it cannot change")
    func confinement() async throws {
        try await ContainerBed.with { bed in
            let place = try await bed.start(bed.spec())
            _ = try await bed.health(place)
            let all = try await bed.shell(
                """
                id -u; cat note; echo new > made; echo $COLOUR $XDG_CONFIG_HOME $HOME
                for d in "$XDG_CONFIG_HOME" "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$XDG_CACHE_HOME" "$HOME"; do
                  echo kept > "$d/probe" || echo "cannot write $d"
                done
                grep -E 'NoNewPrivs|CapEff|CapBnd' /proc/1/status
                touch /etc/x; echo '#!/bin/sh' > /tmp/run; echo 'echo runs' >> /tmp/run; chmod +x /tmp/run; /tmp/run
                """, in: place)
            let home = "/data/home/0123456789abcdef/aabbccdd"
            #expect(all.text.hasPrefix("1000\nsecret of 0123456789abcdef\n"))
            #expect(all.text.contains("red /data/config/0123456789abcdef/aabbccdd \(home)\n"))
            #expect(!all.text.contains("cannot write"))
            #expect(all.text.contains("NoNewPrivs:\t1") && all.text.contains("CapBnd:\t0000000000000000"))
            #expect(all.text.contains("/etc/x: Read-only") && all.text.contains("runs\n"))
            let kept = "\(bed.directory.path)/private/0123456789abcdef/aabbccdd/data/probe"
            #expect(try await Subprocess.run(["cat", kept]).outputText == "kept\n")
            let details = try await bed.engine.container(place.identity)
            #expect(details.mounts.count == 6)
            #expect(details.labels["open-persona.runner"] == "true")
            #expect(details.labels["open-persona.keysig"] == "aabbccdd")
        }
    }

    @Test("keys and password reach the program and nothing that others can read")
    func secrets() async throws {
        try await ContainerBed.with { bed in
            let place = try await bed.start(bed.spec())
            #expect(try await bed.health(place) == 200)
            let visible = try await bed.inspect(place)
            #expect(visible.contains("COLOUR=red"))
            #expect(!visible.contains("pass'word") && !visible.contains("key-of-"))
            #expect(try await !bed.backend.log(of: place, lines: 100).contains("key-of-"))
            let program = try await bed.shell(
                "for p in /proc/[0-9]*; do tr '\\0' '\\1' < $p/environ 2>/dev/null; done | tr '\\1\\n' '\\n~'",
                in: place)
            #expect(program.text.contains("OPENAI_API_KEY=key-of-0123456789abcdef~with two lines"))
            #expect(try await !bed.shell("env; cat /proc/*/cmdline", in: place).text.contains("key-of-"))
        }
    }

    @Test("an image without a shell is started with a visible environment, as there is no other way")
    func bare() async throws {
        try await ContainerBed.with { bed in
            try await bed.docker.image("perigee-test/bare:1", of: [Program.built("opencode")], isBare: true)
            let place = try await bed.start(bed.spec { $0.image = "perigee-test/bare:1" })
            #expect(try await bed.health(place) == 200)
            #expect(try await bed.inspect(place).contains("pass'word"))
        }
    }

    @Test("a runner of the same name is replaced, and a stranger's container is left alone")
    func names() async throws {
        try await ContainerBed.with { bed in
            let spec = try bed.spec()
            let first = try await bed.start(spec)
            let second = try await bed.start(spec)
            #expect(first.identity != second.identity)
            #expect(try await bed.backend.presence(of: first) == .gone)
            #expect(try await bed.health(second) == 200)

            let other = try bed.spec("ffffffffffffffff")
            let stranger = try bed.docker.engine(owner: "stranger")
            _ = try await stranger.create(ContainerOrder("perigee-test/busybox:1"), name: other.name)
            let fault = await #expect(throws: Fault.self) { _ = try await bed.start(other) }
            #expect(fault?.kind == .conflict && fault?.message.contains("belongs to another Perigee") == true)
            try await stranger.own(container: other.name).remove()
            _ = try await bed.start(other)
            await stranger.close()
        }
    }

    @Test("who ended it, and why, is known")
    func endings() async throws {
        try await ContainerBed.with { bed in
            let killed = try await bed.start(bed.spec("1111111111111111"))
            _ = try await bed.health(killed)
            let scope = Scope("test") { _, error in Issue.record(error) }
            let seen = Mailbox<RunnerEnd>("ends")
            scope.spawn("waits") { seen.send(try await bed.backend.end(of: killed)) }
            try await bed.engine.own(container: killed.identity).kill("KILL")
            #expect(try await seen.next()?.reason == "ended by signal 9")
            #expect(try await bed.backend.presence(of: killed) == .gone)

            let hog = try await bed.start(bed.spec("2222222222222222") { $0.limits.memory = 192 << 20 })
            _ = try await bed.health(hog)
            _ = try await bed.shell("tail /dev/zero", in: hog)
            #expect(try await bed.health(hog) == 200, "the hog took its own process with it")

            let removed = try await bed.start(bed.spec("3333333333333333"))
            scope.spawn("waits") { seen.send(try await bed.backend.end(of: removed)) }
            try await bed.engine.own(container: removed.identity).remove()
            let end = try await seen.next()
            #expect(end?.reason == "the container was removed" || end?.reason == "ended by signal 9")
            try await bed.backend.stop(removed, grace: .zero)
            #expect(
                await bed.kind { _ = try await bed.engine.network("open-persona-runner-3333333333333333-aabbccdd") }
                    == .notFound)

            let paused = try await bed.start(bed.spec("4444444444444444"))
            try await pause(try await bed.engine.own(container: paused.identity))
            #expect(try await bed.backend.presence(of: paused) == .stuck("the container is paused"))
            try await bed.backend.stop(paused, grace: .seconds(1))
            #expect(try await bed.backend.presence(of: paused) == .gone)
            await scope.close()
        }
    }

    /// runc gives up on a group that is busy being scheduled; asked again it freezes it.
    private func pause(_ container: OwnContainer) async throws {
        for _ in 0..<20 {
            do {
                return try await container.pause()
            } catch let fault as Fault where fault.message.contains("unable to freeze") {
                continue
            }
        }
        try await container.pause()
    }
}
