import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("perigee doctor docker")
@Loop
struct DockerCheckupTests {
    @Test("with an engine it tells its version, what bounds it lacks and whether the image is there")
    func there() async throws {
        guard let docker = try await DockerBed.shared(for: "perigee doctor docker") else { return }
        let host = "DOCKER_HOST=unix://\(docker.socket)"
        let good = try await Program.run(["doctor", "docker", host, "RUNNER_IMAGE=perigee-test/busybox:1"])
        #expect(good.code == 0 && good.output.contains("API 1."), "\(good)")
        #expect(good.output.contains("perigee-test/busybox:1 is here (sha256:"))
        let lacking = try await Program.run(["doctor", "docker", host, "RUNNER_IMAGE=perigee/none:1"])
        #expect(lacking.code == 0 && lacking.output.contains("`docker pull perigee/none:1`"), "\(lacking)")
    }

    @Test("without one it says where it looked and what to do, and ends with 69")
    func missing() async throws {
        let directory = TemporaryDirectory()
        directory.write("", to: "no.sock")
        for path in ["\(directory.path)/none.sock", "\(directory.path)/no.sock"] {
            let result = try await Program.run(["doctor", "docker", "DOCKER_HOST=unix://\(path)"])
            #expect(result.code == 69 && result.output.contains(path), "\(result)")
            let advice = result.output.split(separator: "\n").filter { !$0.hasPrefix("bad") }
            #expect(!advice.isEmpty, "\(result.output)")
        }
    }
}
