import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("a Docker Engine over TCP", .serialized)
@Loop
struct DockerNetworkTests {
    /// Every form of exchange that a runner needs: plain calls, an upgraded connection, a stream, a wait.
    private func use(_ docker: DockerEngine) async throws {
        #expect(try await docker.info().processors > 0)
        let container = try await docker.create(
            .shell("read line; echo got $line; exit 3") { $0.takesInput = true }, name: "far")
        let input = try await container.input()
        try await container.start()
        Array("one\n".utf8).withUnsafeBytes { input.send($0) }
        input.close()
        #expect(try await docker.end(of: container.id) == 3)
        #expect(try await docker.log(of: container.id, lines: 9) == "got one\n")
        try await container.remove()
    }

    private func engine(_ port: Int, _ certificates: String? = nil) throws -> DockerEngine {
        DockerEngine(
            try DockerAddress(
                host: "tcp://127.0.0.1:\(port)", verifiesTLS: certificates != nil, certificates: certificates ?? ""),
            mark: DockerMark(owner: "test"))
    }

    @Test("plain: containers are made, given input, read and waited for")
    func plain() async throws {
        try await withDocker("Docker over TCP") { bed, _ in
            try await bed.restarted("start-tcp") {
                try await bed.inside {
                    let docker = try engine(2375)
                    try await use(docker)
                    await docker.close()
                }
            }
        }
    }

    @Test("with certificates on both sides: the same; without one of its own a client is refused")
    func secure() async throws {
        guard TLSServer.isAvailable else { return }
        try await withDocker("Docker over TLS") { bed, _ in
            let certificates = "\(bed.directory)/tls"
            mkdir(certificates, 0o700)
            try await TestAuthority.make(in: certificates)
            let others = TemporaryDirectory()
            try await TestAuthority.make(in: others.path)
            try await bed.restarted("start-tls") {
                try await bed.inside {
                    let known = try engine(2376, certificates)
                    try await use(known)
                    await known.close()
                    for stranger in [try engine(2376), try engine(2376, others.path)] {
                        let fault = await #expect(throws: Fault.self) { _ = try await stranger.info() }
                        #expect(fault?.message.hasPrefix("Docker at http") == true)
                        await stranger.close()
                    }
                }
            }
        }
    }
}
