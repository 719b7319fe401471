import TestSupport
import Testing

@testable import Runtime

@Suite("the Docker client, over a real engine")
@Loop
struct DockerEngineTests {
    @Test("the version is agreed upon, and the engine describes itself and its disk")
    func engine() async throws {
        try await withDocker { _, docker in
            #expect(try await docker.version() >= DockerVersion.oldest)
            #expect(try await docker.version() <= DockerVersion.newest)
            try await docker.ping()
            let info = try await docker.info()
            #expect(info.processors > 0 && info.memory > 1 << 20 && !info.version.isEmpty && !info.isRootless)
            let usage = try await docker.usage()
            #expect(usage.images["perigee-test/busybox:1"] ?? 0 > 100_000)
        }
    }

    @Test("a container is made, started, asked, and its end and log are known")
    func life() async throws {
        try await withDocker { _, docker in
            let container = try await docker.create(
                .shell("echo out; echo err >&2; until [ -e /tmp/go ]; do sleep 0.02; done; exit 7") {
                    $0.labels = ["colour": "red"]
                    $0.environment = ["NAME": "value of it"]
                    $0.memory = 64 << 20
                    $0.processes = 32
                    $0.mounts = [.init(.memory(bytes: 1 << 20), at: "/tmp")]
                    $0.isReadOnly = true
                    $0.user = "1000:1000"
                }, name: "life")
            #expect(try await docker.container("life").state == "created")
            try await container.start()
            try await container.start()
            let asked = try await container.execute(["sh", "-c", "id -u; echo $NAME; echo bad >&2; touch /x; exit 3"])
            #expect(asked.code == 3)
            #expect(String(decoding: asked.output, as: UTF8.self) == "1000\nvalue of it\n")
            let errors = String(decoding: asked.errors, as: UTF8.self)
            #expect(errors.hasPrefix("bad\n") && errors.contains("Read-only"))

            let listed = try #require(try await docker.containers(labels: ["colour=red"]).first)
            #expect(listed.name == "life" && listed.isRunning && listed.id == container.id)
            let details = try await container.details()
            #expect(details.isRunning && details.labels["colour"] == "red" && details.started != nil)
            let use = try await docker.use(of: "life")
            #expect(use.memory ?? 0 > 0 && use.memoryLimit == 64 << 20 && use.processes ?? 0 >= 1)
            try await container.update(memory: 96 << 20)
            #expect(try await docker.use(of: "life").memoryLimit == 96 << 20)
            try await container.pause()
            #expect(try await container.details().state == "paused")
            try await container.unpause()
            try await container.rename(to: "life-2")
            #expect(try await docker.container("life-2").id == container.id)

            _ = try await container.execute(["touch", "/tmp/go"])
            #expect(try await docker.end(of: container.id) == 7)
            let ended = try await container.details()
            #expect(ended.state == "exited" && ended.exitCode == 7 && !ended.wasOutOfMemory)
            let log = try await docker.log(of: container.id, lines: 10)
            #expect(log.contains("out\n") && log.contains("err\n") && !log.contains("\u{1}"))
            #expect(try await docker.log(of: container.id, lines: 1).split(separator: "\n").count == 1)
            try await container.remove()
            #expect(await kind { _ = try await container.details() } == .notFound)
        }
    }

    @Test("input reaches it once, and files go in and out as archives")
    func streams() async throws {
        try await withDocker { _, docker in
            let container = try await docker.create(
                .shell("while read line && [ \"$line\" != . ]; do echo got $line; done; exec sleep 600") {
                    $0.takesInput = true
                }, name: "streams")
            let input = try await container.input()
            try await container.start()
            Array("one\ntwo\n.\n".utf8).withUnsafeBytes { input.send($0) }
            input.close()
            let output = try await docker.output(of: "streams", lines: 10, follow: true)
            var seen = ""
            while !seen.contains("got two\n"), let piece = try await output.next() {
                seen += String(decoding: piece.bytes, as: UTF8.self)
            }
            #expect(seen == "got one\ngot two\n")
            _ = try await container.execute(["sh", "-c", "echo kept > /root/note"])
            let archive = try await docker.archive(of: "streams", at: "/root/note")
            try await container.put(archive: archive, at: "/home/agent")
            let copy = try await container.execute(["cat", "/home/agent/note"])
            #expect(String(decoding: copy.output, as: UTF8.self) == "kept\n")
        }
    }

    @Test("networks and volumes are made, used and removed; a second of a name is a conflict")
    func places() async throws {
        try await withDocker { _, docker in
            let network = try await docker.create(network: "net-one", labels: ["a": "b"], subnet: "10.99.7.0/28")
            #expect(await kind { _ = try await docker.create(network: "net-one") } == .conflict)
            #expect(
                await kind { _ = try await docker.create(network: "net-two", subnet: "10.99.7.0/28") } == .overBudget)
            let volume = try await docker.create(volume: "vol-one")
            #expect(try await docker.create(volume: "vol-one").name == volume.name)
            let container = try await docker.create(
                .shell("exec sleep 600") {
                    $0.network = "net-one"
                    $0.aliases = ["friend"]
                    $0.mounts = [.init(.volume("vol-one", subpath: nil), at: "/v")]
                    $0.ports = [4096]
                }, name: "places")
            try await container.start()
            let details = try await container.details()
            #expect(details.networks["net-one"]?.address.hasPrefix("10.99.7.") == true)
            let port = try #require(details.ports.first)
            #expect(port.inner == 4096 && port.host == "127.0.0.1" && port.outer ?? 0 > 1024)
            #expect(details.mounts.contains { $0.type == "volume" && $0.name == "vol-one" && $0.target == "/v" })
            #expect(await kind { try await volume.remove() } == .conflict)
            #expect(try await docker.network("net-one").containers == ["places": container.id])
            try await network.disconnect("places")
            try await network.connect("places", aliases: ["again"])
            try await container.stop(grace: .zero)
            try await container.remove()
            try await network.remove()
            try await volume.remove()
            #expect(await kind { _ = try await docker.network("net-one") } == .notFound)
            #expect(try await docker.volumes(labels: ["\(DockerMark.ownerLabel)=test"]).isEmpty)
        }
    }

    @Test("events tell what happened, with labels, and only of what was asked for")
    func events() async throws {
        try await withDocker { _, docker in
            let events = try await docker.events(types: ["container"], labels: ["kind=seen"])
            for (name, label) in [("unseen", "other"), ("seen", "seen")] {
                let container = try await docker.create(.shell("exit 4") { $0.labels = ["kind": label] }, name: name)
                try await container.start()
                _ = try await docker.end(of: name)
            }
            var seen: [String] = []
            while seen.last != "die", let event = try await events.next() {
                seen.append(event.action)
                #expect(event.attributes["name"] == "seen" && event.time > 1_700_000_000)
                if event.action == "die" { #expect(event.attributes["exitCode"] == "4") }
            }
            #expect(seen == ["create", "start", "die"])
        }
    }

    @Test("images are listed and inspected; one that is nowhere says so, as does a registry that cannot be reached")
    func images() async throws {
        try await withDocker { _, docker in
            let image = try await docker.image("perigee-test/busybox:1")
            #expect(image.id.hasPrefix("sha256:") && image.command == ["sh"] && image.bytes > 100_000)
            #expect(try await docker.images().contains { $0.tags.contains("perigee-test/busybox:1") })
            #expect(await kind { _ = try await docker.image("nobody/nothing:9") } == .notFound)
            let fault = await #expect(throws: Fault.self) { try await docker.pull("127.0.0.1:9/nobody/nothing:9") }
            #expect(fault?.message.contains("pull the image 127.0.0.1:9/nobody/nothing:9") == true)
            #expect(await kind { try await docker.load(.bytes(Array("no archive".utf8))) } != nil)
        }
    }
}
