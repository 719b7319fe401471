import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("networks of runners")
@Loop
struct RunnerNetworksTests {
    @Test("beyond Docker's own ranges they are cut from ours, and none overlaps another")
    func many() async throws {
        try await ContainerBed.with { bed in
            let networks = RunnerNetworks(docker: bed.engine, pool: SubnetPool("10.77.0.0/24")!)
            for number in 0..<36 {
                _ = try await networks.make("many-\(number)", labels: [RunnerLabel.runner: "true"])
            }
            let subnets = try await bed.engine.networks(labels: ["\(DockerMark.ownerLabel)=house"]).flatMap(\.subnets)
            #expect(subnets.count == 36 && Set(subnets).count == 36)
            let own = subnets.filter { $0.hasPrefix("10.77.0.") }
            #expect(!own.isEmpty && own.allSatisfy { $0.hasSuffix("/28") })

            let full = RunnerNetworks(docker: bed.engine, pool: SubnetPool("10.77.0.0/24")!)
            let fault = await #expect(throws: Fault.self) {
                for number in 36..<60 { _ = try await full.make("many-\(number)", labels: [:]) }
            }
            #expect(fault?.kind == .overBudget && fault?.hint?.contains("RUNNER_SUBNETS") == true)
        }
    }

    @Test("one that is there already is used again, and a stranger's of that name is a conflict")
    func again() async throws {
        try await ContainerBed.with { bed in
            let networks = RunnerNetworks(docker: bed.engine, pool: SubnetPool("10.77.0.0/24")!)
            let first = try await networks.make("again", labels: [:])
            #expect(try await networks.make("again", labels: [:]).id == first.id)
            let stranger = try bed.docker.engine(owner: "stranger")
            let theirs = try await stranger.create(network: "theirs")
            #expect(await bed.kind { _ = try await networks.make("theirs", labels: [:]) } == .conflict)
            #expect(await bed.kind { try await networks.remove("theirs", ownContainer: nil) } == .conflict)
            try await networks.remove("nobodys", ownContainer: nil)
            try await theirs.remove()
            await stranger.close()
        }
    }

    @Test("those whose runner is gone are swept, and no others")
    func sweep() async throws {
        try await ContainerBed.with { bed in
            let networks = RunnerNetworks(docker: bed.engine, pool: SubnetPool("10.77.0.0/24")!)
            for name in ["left", "starting", "used"] {
                _ = try await networks.make(name, labels: [RunnerLabel.runner: "true"])
            }
            _ = try await networks.make("another-kind", labels: [:])
            _ = try await bed.engine.create(ContainerOrder("perigee-test/busybox:1"), name: "used")
            try await networks.sweep(keeping: ["starting"], ownContainer: nil)
            let rest = try await bed.engine.networks(labels: ["\(DockerMark.ownerLabel)=house"]).map(\.name)
            #expect(Set(rest) == ["starting", "used", "another-kind"])
        }
    }
}
