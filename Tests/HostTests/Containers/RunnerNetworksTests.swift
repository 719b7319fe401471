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
            for number in 0..<12 {
                _ = try await networks.make("many-\(number)", labels: [RunnerLabel.runner: "true"])
            }
            let subnets = try await bed.engine.networks(labels: ["\(DockerMark.ownerLabel)=house"]).flatMap(\.subnets)
            #expect(subnets.count == 12 && Set(subnets).count == 12)
            let own = subnets.filter { $0.hasPrefix("10.77.0.") }
            #expect(!own.isEmpty && own.allSatisfy { $0.hasSuffix("/28") })

            let full = RunnerNetworks(docker: bed.engine, pool: SubnetPool("10.77.0.0/24")!)
            let fault = await #expect(throws: Fault.self) {
                for number in 12..<40 { _ = try await full.make("many-\(number)", labels: [:]) }
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

    @Test("two of one name, as a kill between two requests leaves them, become one again, and the container is on that")
    func twins() async throws {
        try await ContainerBed.with { bed in
            let networks = RunnerNetworks(docker: bed.engine, pool: SubnetPool("10.77.0.0/24")!)
            let name = try bed.spec().name
            // Docker itself looks for a second one only where it is told to.
            for _ in 0..<2 {
                let made = try await Subprocess.run([
                    "curl", "-fsS", "--unix-socket", bed.docker.socket, "-H", "Content-Type: application/json", "-d",
                    #"{"Name":"\#(name)","Labels":{"\#(DockerMark.ownerLabel)":"house","\#(RunnerLabel.runner)":"true"}}"#,
                    "http://docker/v1.41/networks/create",
                ])
                #expect(made.succeeded, "\(made.errorText)")
            }
            func twins() async throws -> Int {
                try await bed.engine.networks(labels: ["\(DockerMark.ownerLabel)=house"]).count { $0.name == name }
            }
            #expect(try await twins() == 2)
            let place = try await bed.start(bed.spec())
            #expect(try await bed.health(place) == 200)
            #expect(try await twins() == 1)
            try await bed.backend.stop(place, grace: .zero)
            #expect(try await twins() == 0)
            _ = try await networks.make(name, labels: [RunnerLabel.runner: "true"])
            try await bed.backend.sweep()
            #expect(try await twins() == 0)
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
