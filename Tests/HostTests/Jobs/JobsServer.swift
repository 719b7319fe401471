import Runtime
import TestSupport

@testable import Host

/// The harness behind real doors: a TCP port for requests, and a Unix socket for commands.
@Loop
final class JobsServer {
    let house: JobsHarness
    let port: Int
    let socket: String
    private let server: Server
    private let scope = Scope("server") { _, _ in }

    init(_ house: JobsHarness) throws {
        self.house = house
        let router = Router()
        let doors: [any Door] = [
            JobsDoor(Gate()) { [house] in house.jobs }, PlansDoor(Gate()) { [house] in house.jobs },
        ]
        for door in doors { router.add(door, traced: .off) }
        server = Server(router, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
        socket = "\(house.directory.path)/jobs.sock"
        try server.listen(path: socket)
    }

    func get(_ path: String, _ headers: [String] = []) async throws -> Exchange {
        try await Exchange.get(path, port: port, headers: headers)
    }

    func post(_ path: String) async throws -> Exchange {
        try await Exchange.send(
            "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", port: port)
    }

    func perigee(_ words: String...) async throws -> Program.Result {
        try await Program.run(words + ["PERIGEE_SOCKET=\(socket)", "STATE_DIR=\(house.directory.path)"])
    }

    func close() async {
        await server.drain(grace: .zero)
        await scope.close()
        await house.close()
    }
}

extension Exchange {
    var json: JSONValue { get throws { try JSON.parse(Array(body.utf8)).value ?? .null } }
}
