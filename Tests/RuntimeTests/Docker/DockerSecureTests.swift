import TestSupport
import Testing

@testable import Runtime

@Suite("Docker over TLS", .enabled(if: TLSServer.isAvailable))
@Loop
struct DockerSecureTests {
    @Test("both sides show certificates of one authority; without its own the client is refused, and says which file")
    func certificates() async throws {
        let server = try await TLSServer("-www", asks: true)
        let host = "tcp://127.0.0.1:\(server.port)"
        func docker(_ certificates: String) throws -> DockerEngine {
            DockerEngine(
                try DockerAddress(host: host, verifiesTLS: true, certificates: certificates),
                mark: DockerMark(owner: "test"))
        }
        let known = try docker(server.directory.path)
        // What answers is no Docker: it has no version, and the oldest is assumed.
        #expect(try await known.version() == DockerVersion.oldest)
        await known.close()

        let empty = TemporaryDirectory()
        let ca = try await Subprocess.run(["cp", server.authority, "\(empty.path)/ca.pem"])
        #expect(ca.succeeded)
        let stranger = try docker(empty.path)
        let fault = await #expect(throws: Fault.self) { _ = try await stranger.version() }
        #expect(fault?.message.contains("\(empty.path)/cert.pem") == true)
        await stranger.close()
        await server.close()
    }
}
