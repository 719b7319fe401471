import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("server link")
@Loop
struct ServerLinkTests {
    @Test("it reaches the server over the socket in the state directory, and failures come back as they were")
    func conversation() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path)
        let link = try ServerLink(Self.settings(["STATE_DIR": state.path]))
        #expect(try await link.get("/health")["db"]?.string == "ok")
        let missing = await #expect(throws: Fault.self) { try await link.get("/nothing") }
        #expect(missing?.kind == .notFound)
        let wrong = await #expect(throws: Fault.self) { try await link.post("/healthz") }
        #expect(wrong != nil)
        await link.close()
        try await program.end()
    }

    @Test("without a server it says how to start one")
    func nobody() async throws {
        let state = TemporaryDirectory()
        let link = try ServerLink(Self.settings(["STATE_DIR": state.path]))
        for _ in 0..<2 {
            let fault = await #expect(throws: Fault.self) { try await link.get("/health") }
            #expect(fault?.kind == .unavailable)
            #expect(fault?.message == "no server answers at \(state.path)/perigee.sock")
            #expect(fault?.hint == "start one with `perigee serve`")
        }
        let fault = await #expect(throws: Fault.self) { try await link.webSocket("/mgmt/console") }
        #expect(fault?.message == "no server answers at \(state.path)/perigee.sock")
        await link.close()
    }

    @Test("with the socket turned off it says so")
    func off() throws {
        let fault = #expect(throws: Fault.self) { try ServerLink(Self.settings(["PERIGEE_SOCKET": "off"])) }
        #expect(fault?.message.contains("PERIGEE_SOCKET") == true)
    }

    @Test(
        "problem documents become faults again, other answers tell their status",
        arguments: [
            (404, #"{"detail":"no x","kind":"not_found","hint":"try y"}"#, Fault(.notFound, "no x", hint: "try y")),
            (
                503, #"{"detail":"later","kind":"unavailable","retryable":true}"#,
                Fault(.unavailable, "later", isRetryable: true)
            ),
            (502, "<html>", Fault(.internal, "GET /a: the server answered 502")),
            (400, #"{"kind":"martian","detail":"x"}"#, Fault(.invalidInput, "GET /a: the server answered 400")),
        ])
    func problems(status: Int, body: String, fault: Fault) {
        #expect(ServerLink.fault(status: status, Array(body.utf8), "GET /a") == fault)
    }

    @Test("the socket belongs to its owner alone, replaces a dead one, and goes when the server does")
    func socketFile() async throws {
        let state = TemporaryDirectory()
        let path = "\(state.path)/perigee.sock"
        let killed = try await RunningProgram.start(state: state.path)
        try await killed.end(SIGKILL)
        var status = stat()
        #expect(lstat(path, &status) == 0, "a killed server leaves its socket")
        let program = try await RunningProgram.start(state: state.path)
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        try await program.end()
        #expect(access(path, F_OK) != 0)
    }

    @Test("a default socket whose path is too long is left out with a line in the log, a chosen one is an error")
    func tooLong() async throws {
        let state = TemporaryDirectory()
        let long = state.path + "/" + String(repeating: "a", count: 100)
        let program = try await RunningProgram.start(state: long)
        #expect(program.lines.contains { $0.contains("no Unix socket: its path is longer than 107 bytes") })
        #expect(try await Exchange.get("/healthz", port: program.port).status == 200)
        try await program.end()
        let chosen = try await Program.run([
            "serve", "PORT=0", "STATE_DIR=\(state.path)", "PERIGEE_SOCKET=\(long).sock", "LOG_LEVEL=error",
        ])
        #expect(chosen.code == 64)
        #expect(chosen.errors.contains("a socket's path has 1 to 107 bytes"))
    }

    /// With `/perigee.sock` one byte more than the kernel takes.
    private nonisolated static let longDirectory = "/\(middle)a"
    private nonisolated static let middle = String(repeating: "a", count: 107 - 1 - 13)

    @Test(
        "where the socket is",
        arguments: [
            ([:], SocketPlace.at("/state/perigee.sock", isChosen: false)),
            (["PERIGEE_SOCKET": "off"], .off), (["PERIGEE_SOCKET": "none"], .off),
            (["PERIGEE_SOCKET": "/run/p.sock"], .at("/run/p.sock", isChosen: true)),
            (["PERIGEE_SOCKET": "$STATE_DIR/p.sock"], .at("/state/p.sock", isChosen: true)),
            (["STATE_DIR": longDirectory], .tooLong("\(longDirectory)/perigee.sock")),
            (["STATE_DIR": String(longDirectory.dropLast())], .at("/\(middle)/perigee.sock", isChosen: false)),
        ] as [([String: String], SocketPlace)])
    func places(values: [String: String], place: SocketPlace) throws {
        #expect(try Self.settings(values).socket == place)
    }

    private static func settings(_ values: [String: String]) throws -> Settings {
        let values = ["STATE_DIR": "/state"].merging(values) { $1 }
        return try Settings(SettingSource(layers: [.init(origin: .environment, values: values)]))
    }
}
