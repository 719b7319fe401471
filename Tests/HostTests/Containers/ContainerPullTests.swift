import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("chats whose image comes from a registry")
@Loop
struct ContainerPullTests {
    private static let repository = "perigee/opencode"

    private func withRegistry(_ body: @escaping @Loop (FakeRegistry, DockerBed) async throws -> Void) async throws {
        guard let bed = try await DockerBed.shared(for: "images from a registry") else { return }
        try await bed.image(ContainerBed.image, of: [Program.built("opencode")])
        try await bed.inside {
            let registry = try FakeRegistry()
            do { try await body(registry, bed) } catch { Issue.record(error) }
            await registry.close()
        }
    }

    @Test("a chat sees how far the pull is; from then on runners are of that very image, wherever its tag goes")
    func pulled() async throws {
        try await withRegistry { registry, bed in
            let digest = try await registry.add(
                Self.repository, tag: "1", version: "one", of: ContainerBed.image, in: bed)
            registry.manner = .slow
            let name = registry.name(Self.repository, "1")
            try await ContainerHouse.with(["RUNNER_IMAGE=\(name)"]) { house in
                let ann = try await house.begin("ann", "say pulled")
                let bob = try await house.begin("bob", "say too")
                for reply in [ann, bob] { try await reply.until("of 2 layers of \(name)") }
                registry.goOn()
                let (first, second) = (try await ann.whole(), try await bob.whole())
                #expect(first.text.contains("pulled") && second.text.contains("too"), "\(first.body)")
                // Docker reads the image's small configuration for each of two pulls, and each layer once for both.
                let blobs = registry.requests.filter { $0.contains("/blobs/") }
                let again = Dictionary(grouping: blobs) { $0 }.filter { $0.value.count > 1 }
                #expect(again.count <= 1, "a layer was fetched twice: \(blobs)")
                let labels = try await house.container(of: "ann").labels
                #expect(labels[RunnerLabel.image] == "127.0.0.1:\(registry.port)/\(Self.repository)@\(digest)")

                let before = registry.requests.count
                try await registry.add(Self.repository, tag: "1", version: "two", of: ContainerBed.image, in: bed)
                #expect(try await house.ask("carl", "say cold").text.contains("cold"))
                #expect(try await house.container(of: "carl").labels[RunnerLabel.image] == labels[RunnerLabel.image])
                #expect(registry.requests.count == before)
            }
            try await bed.docker(["rmi", "-f", name])
        }
    }

    @Test("while the registry is ill a turn waits and is told; with the cure it goes on by itself")
    func ill() async throws {
        try await withRegistry { registry, bed in
            try await registry.add(Self.repository, tag: "1", version: "ill", of: ContainerBed.image, in: bed)
            registry.manner = .corrupt
            let name = registry.name(Self.repository, "1")
            try await ContainerHouse.with(["RUNNER_IMAGE=\(name)"]) { house in
                let ann = try await house.begin("ann", "say cured")
                try await ann.until("does not answer: trying again")
                registry.manner = .well
                let reply = try await ann.whole()
                #expect(reply.text.contains("cured") && reply.error == nil, "\(reply.body)")
                try await house.chat.end()
                try await house.chat.start()
                #expect(house.chat.log.contains("not what the registry announced"))
            }
            try await bed.docker(["rmi", "-f", name])
        }
    }
}
