import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners over HTTP and on the command line")
@Loop
struct RunnersDoorTests {
    /// A bed behind a real door.
    private func serving(_ body: @Loop (OwnRunnersBed, RunnersServer) async throws -> Void) async throws {
        try await OwnRunnersBed.with { bed in
            let server = try RunnersServer(bed)
            do { try await body(bed, server) } catch { Issue.record(error) }
            await server.close()
        }
    }

    @Test("they are listed, shown, read, restarted and stopped")
    func life() async throws {
        try await serving { bed, server in
            #expect(try await server.get("/mgmt/runners").json["runners"] == [])
            let lease = try await bed.lease()
            let path = "/mgmt/runners/\(lease.runner)"
            let one = try await server.get("/mgmt/runners").json["runners"]?[0]
            #expect(one?["name"]?.string == lease.runner && one?["state"] == "ready" && one?["leases"] == 1)
            #expect(one?["mode"] == "container" && one?["stale"] == false && one?["identity"] == "thing-1")
            #expect(try await server.get(path).json["address"]?.string == bed.machine.up[0].fake.address)
            let log = try await server.get("\(path)/logs?lines=7")
            #expect(log.body.contains("listening") && !log.body.contains(bed.machine.up[0].fake.password))
            #expect(try await server.get("\(path)/logs?lines=x").status == 400)
            #expect(try await server.post("\(path)/restart").json["state"] == "ready")
            #expect(bed.machine.up.map(\.identity) == ["thing-2"] && lease.end != nil)
            #expect(try await server.post("\(path)/stop").json["state"] == "absent")
            #expect(bed.machine.up.isEmpty)
        }
    }

    @Test(
        "what is not there is not found, and nobody but this machine may ask",
        arguments: ["/mgmt/runners/none", "/mgmt/runners/none/logs"])
    func refused(_ path: String) async throws {
        try await serving { _, server in
            let stranger = ["X-Forwarded-For: 203.0.113.7"]
            let statuses = [
                try await server.get(path).status, try await server.get(path, stranger).status,
                try await server.post("/mgmt/runners/none/stop").status,
                try await server.get("/mgmt/runners", stranger).status,
            ]
            #expect(statuses == [404, 403, 404, 403])
        }
    }

    @Test("the command shows, stops, restarts and reads, also by the workspace")
    func command() async throws {
        try await serving { bed, server in
            #expect(try await server.perigee("runners").output.hasPrefix("no runner is up"))
            let name = try await bed.lease().runner
            let id = try await bed.access.workspace().id
            let list = try await server.perigee("runners")
            #expect(list.code == 0 && list.output.hasPrefix("RUNNER") && list.output.contains(name), "\(list.errors)")
            #expect(try await server.perigee("runners", id).output.contains("thing-1"))
            #expect(try await server.perigee("runners", "logs", name, "--lines", "3").output.hasPrefix("listening\n"))
            #expect(try await server.perigee("runners", "restart", id).code == 0)
            #expect(bed.machine.up.map(\.identity) == ["thing-2"])
            #expect(try await server.perigee("runners", "stop", name, "--json").code == 0)
            #expect(bed.machine.up.isEmpty)
            #expect(try await server.perigee("runners", "stop").code == 64)
            #expect(try await server.perigee("runners", "stpo", name).code == 64)
            #expect(try await server.perigee("runners", "nobody").code == 66)
        }
    }

    @Test("a shared server is shown, and is not ours to stop")
    func shared() async throws {
        let scope = Scope("test") { _, _ in }
        let client = HTTPClient()
        let log = Log(to: -1, format: .json, level: .error)
        let shared = SharedRunners(
            OpencodeServer(try WebAddress("http://127.0.0.1:9"), client: client, log: log, scope: scope), log: log)
        let desk = RunnerDesk()
        #expect(desk.list().isEmpty)
        #expect(throws: Fault.self) { try desk.get("shared") }
        desk.runners = shared
        #expect(desk.list().map(\.mode) == ["shared"])
        let fault = await #expect(throws: Fault.self) { try await desk.stop("shared") }
        #expect(fault?.kind == .conflict)
        await shared.close()
        await client.close()
        await scope.close()
    }
}

/// A door for runners, with a TCP port for requests and a Unix socket for commands.
@Loop
private final class RunnersServer {
    private let server: Server
    private let port: Int
    private let socket: String
    private let state: String
    private let scope = Scope("server") { _, _ in }

    init(_ bed: OwnRunnersBed) throws {
        let router = Router()
        let desk = RunnerDesk()
        desk.runners = bed.runners
        router.add(RunnersDoor(Gate(), desk), traced: .off)
        server = Server(router, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
        state = bed.access.directory.path
        socket = "\(state)/runners.sock"
        try server.listen(path: socket)
    }

    func get(_ path: String, _ headers: [String] = []) async throws -> Exchange {
        try await Exchange.get(path, port: port, headers: headers)
    }

    func post(_ path: String) async throws -> Exchange { try await Exchange.post(path, "", port: port) }

    func perigee(_ words: String...) async throws -> Program.Result {
        try await Program.run(words + ["PERIGEE_SOCKET=\(socket)", "STATE_DIR=\(state)"])
    }

    func close() async {
        await server.drain(grace: .zero)
        await scope.close()
    }
}
