import TestSupport
import Testing

@testable import Runtime

@Suite("what is not ours in Docker")
@Loop
struct DockerOwnershipTests {
    @Test("containers, networks, volumes and images of others are seen and cannot be changed")
    func others() async throws {
        try await withDocker { bed, docker in
            let host = "DOCKER_HOST=unix://\(bed.socket)"
            for line in [
                "docker create --name theirs perigee-test/busybox:1 sleep 9", "docker network create theirs",
                "docker volume create theirs",
            ] {
                let made = try await Subprocess.run(["env", host, "sh", "-c", line])
                #expect(made.succeeded, "\(made.errorText)")
            }
            #expect(try await docker.container("theirs").state == "created")
            #expect(await kind { _ = try await docker.own(container: "theirs") } == .conflict)
            #expect(await kind { _ = try await docker.own(network: "theirs") } == .conflict)
            #expect(await kind { _ = try await docker.own(volume: "theirs") } == .conflict)
            #expect(await kind { _ = try await docker.create(volume: "theirs") } == .conflict)
            #expect(await kind { _ = try await docker.own(image: "perigee-test/busybox:1") } == .conflict)
            let fault = await #expect(throws: Fault.self) {
                _ = try await docker.create(.shell("true"), name: "theirs")
            }
            #expect(fault?.kind == .conflict)
            for line in ["docker rm theirs", "docker network rm theirs", "docker volume rm theirs"] {
                #expect(try await Subprocess.run(["env", host, "sh", "-c", line]).succeeded)
            }
        }
    }

    @Test("another Perigee's container is another's")
    func anotherPerigee() async throws {
        try await withDocker { bed, docker in
            let other = try bed.engine(owner: "other")
            _ = try await other.create(.shell("true"), name: "other-one")
            let fault = await #expect(throws: Fault.self) { _ = try await docker.own(container: "other-one") }
            #expect(
                fault?.message == "the container other-one belongs to another Perigee (other), and is left as it is")
            try await other.own(container: "other-one").remove()
            await other.close()
        }
    }

    @Test("no order takes the label off, and every order is held back")
    func labels() throws {
        var order = ContainerOrder("x")
        order.labels = [DockerMark.ownerLabel: "somebody", "a": "b"]
        let made = try order.json(DockerMark(owner: "us"))
        #expect(made["Labels"]?[DockerMark.ownerLabel] == "us" && made["Labels"]?["a"] == "b")
        let host = made["HostConfig"]
        #expect(host?["CapDrop"] == ["ALL"] && host?["SecurityOpt"] == ["no-new-privileges"])
        #expect(host?["NetworkMode"] == "none" && host?["Privileged"] == nil)
        #expect(host?["RestartPolicy"]?["Name"] == "no")
        order.mounts = [.init(.directory("/a"), at: "/b/../c")]
        #expect(throws: Fault.self) { try order.json(DockerMark(owner: "us")) }
    }
}
