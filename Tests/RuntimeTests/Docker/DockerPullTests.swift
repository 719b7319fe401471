import TestSupport
import Testing

@testable import Runtime

@Suite("images from a registry")
@Loop
struct DockerPullTests {
    private static let repository = "perigee/tool"

    private func withRegistry(
        patience: DockerPatience = DockerPatience(),
        _ body: @Loop (FakeRegistry, DockerEngine, DockerBed) async throws -> Void
    ) async throws {
        try await withDocker("images from a registry", patience: patience) { bed, docker in
            try await bed.inside {
                let registry = try FakeRegistry()
                do { try await body(registry, docker, bed) } catch { Issue.record(error) }
                await registry.close()
            }
        }
    }

    @Test("one is pulled with words on the way, knows its digest, and is pulled by that too")
    func pulled() async throws {
        try await withRegistry { registry, docker, bed in
            let first = try await registry.add(
                Self.repository, tag: "1", version: "one", of: "perigee-test/busybox:1", in: bed)
            let name = registry.name(Self.repository, "1")
            registry.manner = .slow
            var words: [String] = []
            let image = try await docker.pull(name) { said in
                words.append(said)
                // It stands still until something has been said.
                registry.goOn()
            }
            #expect(
                words.last == "2 of 2 layers of \(name)" || words.last?.hasSuffix(", 2 of 2 layers of \(name)") == true)
            #expect(image.digests == ["127.0.0.1:\(registry.port)/\(Self.repository)@\(first)"])

            // The tag moves: what is named by its digest stays what it is.
            let second = try await registry.add(
                Self.repository, tag: "1", version: "two", of: "perigee-test/busybox:1", in: bed)
            #expect(first != second)
            let moved = try await docker.pull(name)
            #expect(moved.id != image.id && moved.digests.contains { $0.hasSuffix(second) })
            try await bed.docker(["rmi", "-f", image.id, moved.id])
            let pinned = try await docker.pull("127.0.0.1:\(registry.port)/\(Self.repository)@\(first)")
            #expect(pinned.id == image.id)
            let container = try await docker.create(ContainerOrder(pinned.id), name: "pinned")
            #expect(try await docker.has("/etc/version", in: container.id))
            try await container.remove()
            try await bed.docker(["rmi", "-f", pinned.id])
        }
    }

    @Test("what a registry lacks, refuses or spoils is said, with what to do, and the cure is enough")
    func faults() async throws {
        try await withRegistry { registry, docker, bed in
            try await registry.add(Self.repository, tag: "1", version: "f", of: "perigee-test/busybox:1", in: bed)
            let name = registry.name(Self.repository, "1")
            func fault() async -> Fault? { await #expect(throws: Fault.self) { try await docker.pull(name) } }

            registry.manner = .refusing(401, code: "UNAUTHORIZED")
            let login = await fault()
            #expect(
                login?.kind == .denied && login?.hint?.contains("docker login") == true, "\(String(describing: login))")
            registry.manner = .refusing(503, code: "UNAVAILABLE")
            let ill = await fault()
            #expect(ill?.kind == .unavailable && ill?.message.contains("pull the image \(name)") == true)
            registry.manner = .refusing(429, code: "TOOMANYREQUESTS")
            #expect(await fault()?.hint?.contains("no more for now") == true)
            registry.manner = .corrupt
            let broken = await fault()
            #expect(broken?.hint?.contains("not what the registry announced") == true, "\(String(describing: broken))")
            registry.manner = .well
            let missing = await #expect(throws: Fault.self) {
                try await docker.pull(registry.name(Self.repository, "nine"))
            }
            #expect(missing?.kind == .notFound && missing?.hint?.contains("name") == true)
            let image = try await docker.pull(name)
            try await bed.docker(["rmi", "-f", image.id])
        }
    }

    @Test("a registry that sends nothing any more ends the pull, and is named as what to look at")
    func silent() async throws {
        var patience = DockerPatience()
        patience.pull = .milliseconds(500)
        try await withRegistry(patience: patience) { registry, docker, bed in
            try await registry.add(Self.repository, tag: "1", version: "s", of: "perigee-test/busybox:1", in: bed)
            registry.manner = .slow
            let name = registry.name(Self.repository, "1")
            let fault = await #expect(throws: Fault.self) { try await docker.pull(name) }
            #expect(
                fault?.kind == .timeout && fault?.hint?.contains("registry") == true, "\(String(describing: fault))")
        }
    }

    @Test("a full disk of Docker's is said, and is no lasting harm")
    func full() async throws {
        try await withRegistry { registry, docker, bed in
            try await registry.add(Self.repository, tag: "1", version: "d", of: "perigee-test/busybox:1", in: bed)
            let name = registry.name(Self.repository, "1")
            try await bed.order("fill")
            let pull = await #expect(throws: Fault.self) { try await docker.pull(name) }
            let create = await #expect(throws: Fault.self) { _ = try await docker.create(.shell("true"), name: "full") }
            try await bed.order("drain")
            for fault in [pull, create] {
                #expect(
                    fault?.kind == .overBudget && fault?.hint?.contains("docker system df") == true,
                    "\(String(describing: fault))")
            }
            let image = try await docker.pull(name)
            try await docker.create(.shell("true"), name: "full").remove()
            try await bed.docker(["rmi", "-f", image.id])
        }
    }
}
