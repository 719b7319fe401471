import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// The passage over real sockets: keys and workspaces in a real store, the shipped `identify`, and behind it a double of
/// opencode, or a server of the test's own.
@Loop
final class PassageBed {
    let workspaces: WorkspacesBed
    let keys: Keys
    let fake: FakeOpencode
    let client = HTTPClient()
    let port: Int
    let scope = Scope("passage") { name, error in Issue.record("\(name) let \(error) escape") }
    let upstream = Router()
    private let upstreamServer: Server
    private let pool: SharedRunners
    private let server: Server
    private let scripts: Scripts

    static let password = "the runner's own password"

    static func with(
        ownUpstream: Bool = false, agent: Bool = true, runnerPassword: String = password,
        _ body: @Loop (PassageBed) async throws -> Void
    ) async throws {
        let workspaces = try await WorkspacesBed.open()
        let keys = try await Keys.open(workspaces.store) { ManualMoment().milliseconds }
        let bed = try PassageBed(workspaces, keys, ownUpstream, agent, runnerPassword)
        await bed.scripts.start()
        #expect(bed.scripts.failure == nil)
        await Deadline.within(.seconds(60)) {
            do { try await body(bed) } catch { Issue.record(error) }
            await bed.close()
        }
    }

    private init(
        _ workspaces: WorkspacesBed, _ keys: Keys, _ ownUpstream: Bool, _ agent: Bool, _ runnerPassword: String
    ) throws {
        self.workspaces = workspaces
        self.keys = keys
        let directory = workspaces.directory
        for name in ["lib/text.lua", "hooks/identify.lua"] {
            directory.write(try Fixture.read("scripts/\(name)"), to: "scripts/\(name)")
        }
        var settings = FakeSettings()
        settings.directory = directory.path
        settings.password = PassageBed.password
        settings.heartbeat = .milliseconds(50)
        fake = FakeOpencode(settings, scope: scope)
        try fake.listen()
        var bounds = ServerSettings()
        bounds.body = 64 << 20
        upstreamServer = Server(upstream, settings: bounds, scope: scope)
        let upstreamPort = try upstreamServer.listen(host: "127.0.0.1", port: 0)
        upstream.on(.get, "/global/health") { _ in .json(#"{"healthy":true,"version":"1.18.18"}"#) }
        let log = Log(to: -1, format: .json, level: .error)
        let address = ownUpstream ? "http://127.0.0.1:\(upstreamPort)" : fake.address
        let pool = SharedRunners(
            OpencodeServer(
                try WebAddress(address), password: Secret(runnerPassword), client: client, log: log, scope: scope),
            log: log)
        self.pool = pool
        let scripts = try Scripts(
            ScriptSources(shipped: nil, overlay: "\(directory.path)/scripts"), table: HostTable([]), log: log,
            scope: scope, wallClock: { 0 })
        self.scripts = scripts
        let guests = PassageGuests(gate: Gate(keys: keys), workspaces: workspaces.workspaces, scripts: scripts)
        let router = Router()
        router.add(
            PassageDoor(guests, client: client, sockets: scope.child("sockets")) { agent ? pool : nil }, traced: .off)
        server = Server(router, settings: bounds, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
    }

    func key(_ user: String?, _ scopes: [String] = ["chat"]) async throws -> String {
        try await keys.issue(KeyOrder(user: user, scopes: scopes)).token.reveal()
    }

    /// Begins a call; its body is still to come.
    func begin(
        _ method: Method = .get, _ path: String, key: String? = nil, headers: Headers = [:],
        body: HTTPRequest.Body = .none
    ) async throws -> HTTPAnswer {
        var request = HTTPRequest(method, try WebAddress("http://127.0.0.1:\(port)\(path)"), headers: headers)
        if let key { request.headers.add("Authorization", "Bearer \(key)") }
        request.body = body
        request.guarding = .open
        return try await client.send(request)
    }

    func ask(
        _ method: Method = .get, _ path: String, key: String? = nil, headers: Headers = [:],
        body: HTTPRequest.Body = .none
    ) async throws -> (status: Int, json: JSONValue, headers: Headers) {
        let answer = try await begin(method, path, key: key, headers: headers, body: body)
        let bytes = try await answer.body.collect(limit: 64 << 20)
        let json = try bytes.isEmpty ? nil : JSON.parse(bytes).value
        return (answer.status, json ?? .null, answer.headers)
    }

    /// A session made through the passage, as this key's user.
    func session(_ key: String) async throws -> (id: String, directory: String) {
        let made = try await ask(.post, "/opencode/mine/session", key: key, body: .bytes(Array("{}".utf8)))
        #expect(made.status == 200)
        return (made.json.text("id"), made.json.text("directory"))
    }

    private func close() async {
        await server.drain(grace: .zero)
        await scripts.close()
        await pool.close()
        await client.close()
        await fake.close()
        await upstreamServer.drain(grace: .zero)
        await scope.close()
        await workspaces.close()
        #expect(client.liveTransfers == 0, "a transfer was left behind")
    }
}
