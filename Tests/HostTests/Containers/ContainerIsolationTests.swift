import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("two users' containers")
@Loop
struct ContainerIsolationTests {
    private let ann = "aaaaaaaaaaaaaaaa"
    private let bob = "bbbbbbbbbbbbbbbb"

    @Test("neither reaches the other by file, address, name or process")
    func apart() async throws {
        try await ContainerBed.with { bed in
            let anns = try await bed.start(bed.spec(ann))
            let bobs = try await bed.start(bed.spec(bob))
            #expect(try await bed.health(anns) == 200)
            #expect(try await bed.health(bobs) == 200)
            let details = try await bed.engine.container(bobs.identity)
            let address = try #require(details.networks.values.first?.address)

            let knock = "printf 'GET /global/health HTTP/1.0\\r\\n\\r\\n' | nc -w 2 \(address) 4096"
            // That it is the right door is seen from inside the other's own network.
            #expect(try await bed.shell(knock, in: bobs).text.contains(" 401 "))
            let other = try await bed.shell(knock, in: anns)
            #expect(other.code == 1 && !other.text.contains("HTTP"), "\(other)")
            // What is published on the machine's loopback is not there for containers.
            let port = try #require(details.ports.first?.outer)
            for way in ["127.0.0.1", "host.docker.internal"] {
                let address = "$(grep \(way) /etc/hosts | head -n 1 | cut -f 1)"
                let tried = try await bed.shell("nc -w 2 \(address) \(port) </dev/null", in: anns)
                #expect(tried.code != 0, "\(way): \(tried.text)")
            }
            let names = try await bed.engine.network(try #require(details.networks.keys.first)).containers
            #expect(names.count == 1)

            let files = try await bed.shell(
                "cat \(bed.directory.path)/workspaces/\(bob)/note; ls /data/home; ls \(bed.directory.path)/workspaces",
                in: anns)
            #expect(!files.text.contains("secret of") && files.text.hasPrefix("\(ann)\n\(ann)\n"))
            let processes = try await bed.shell("cat /proc/*/environ | tr '\\0' '\\n'", in: anns)
            #expect(processes.text.contains("key-of-\(ann)") && !processes.text.contains(bob))
        }
    }

    @Test("a fork bomb and a memory hog harm their own container alone")
    func harm() async throws {
        try await ContainerBed.with { bed in
            let anns = try await bed.start(bed.spec(ann))
            let bobs = try await bed.start(bed.spec(bob))
            #expect(try await bed.health(anns) == 200)
            let hog = try await bed.shell("tail /dev/zero", in: anns)
            #expect(hog.code != 0)
            let bomb = try await bed.shell(
                "i=0; while [ $i -lt 200 ]; do sleep 60 >/dev/null 2>&1 & i=$((i+1)); done; echo all", in: anns)
            #expect(!bomb.text.contains("all"))
            #expect(try await bed.backend.use(of: anns).processes ?? .max <= 64)
            #expect(try await bed.health(bobs) == 200)
            #expect(try await bed.backend.use(of: bobs).memory ?? .max < 256 << 20)
        }
    }

    @Test("Perigee in a container reaches runners by their address, on a network that they share with it alone")
    func inside() async throws {
        guard let docker = try await DockerBed.shared(for: "Perigee in a container") else { return }
        // What Perigee calls `state` is another directory to Docker's machine, as with any mount.
        let (own, outer) = (TemporaryDirectory(), TemporaryDirectory())
        let state = "\(own.path)/state"
        #expect(symlink(outer.path, state) == 0)
        let house = try docker.engine(owner: "house-itself")
        var order = ContainerOrder("perigee-test/busybox:1")
        order.command = ["sleep", "600"]
        order.network = "bridge"
        order.mounts = [.init(.directory(outer.path), at: state)]
        let itself = try await house.create(order, name: "perigee-itself")
        try await itself.start()
        try await ContainerBed.with({ $0.ownContainer = "perigee-itself" }) { bed in
            outer.write("seen\n", to: "workspaces/\(ann)/note")
            let usual = try bed.spec(ann)
            let spec = RunnerSpec(
                name: usual.name, workspace: ann, keySignature: "aabbccdd", directory: "\(state)/workspaces/\(ann)",
                privateDirectory: "\(state)/private/\(ann)", image: usual.image, command: [], environment: [:],
                secrets: usual.secrets, signature: "s")
            let place = try await bed.start(spec)
            #expect(!place.address.contains("127.0.0.1"))
            #expect(try await bed.health(place) == 200)
            let network = try await bed.engine.network(spec.name)
            #expect(Set(network.containers.keys) == [spec.name, "perigee-itself"])
            #expect(try await bed.shell("cat note", in: place).text == "seen\n")
            try await bed.backend.stop(place, grace: .seconds(1))
            #expect(await bed.kind { _ = try await bed.engine.network(spec.name) } == .notFound)
        }
        try await itself.remove()
        await house.close()
    }
}
