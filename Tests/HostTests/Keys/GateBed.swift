import Glibc
import Runtime
import TestSupport

@testable import Host

/// The product's, not the one of the tests' own support, which holds threads.
typealias Gate = Host.Gate

/// The gate behind real sockets, with the shipped `identify` or one of the test's own.
@Loop
final class GateBed {
    let keys: KeysBed
    let gate: Gate
    let port: Int
    let socket: String
    let logPath: String
    private let log: Log
    private let server: Server
    private let scripts: Scripts
    private let scope = Scope("gate") { _, _ in }
    private let client = HTTPClient()

    /// `script` takes the place of `hooks/identify.lua`.
    static func open(_ rules: GateRules = GateRules(), script: String? = nil) async throws -> GateBed {
        let keys = try await KeysBed.open()
        keys.directory.write(try Fixture.read("scripts/lib/text.lua"), to: "scripts/lib/text.lua")
        keys.directory.write(
            try script ?? Fixture.read("scripts/hooks/identify.lua"), to: "scripts/hooks/identify.lua")
        let bed = try GateBed(keys, rules)
        await bed.scripts.start()
        if let failure = bed.scripts.failure {
            throw Fault(.script, failure.problems.map(\.description).joined(separator: "\n"))
        }
        return bed
    }

    private init(_ keys: KeysBed, _ rules: GateRules) throws {
        self.keys = keys
        logPath = "\(keys.directory.path)/log"
        log = Log(to: Glibc.open(logPath, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600), format: .json)
        let gate = Gate(keys: keys.keys, rules: rules, log: log)
        self.gate = gate
        let scripts = try Scripts(
            ScriptSources(shipped: nil, overlay: "\(keys.directory.path)/scripts"), table: HostTable([]), log: log,
            scope: scope, wallClock: { 0 })
        self.scripts = scripts
        let router = Router()
        router.on(.get, "/who/{door}") { request in
            let use = GenerationUse(scripts.live)
            let caller = try await gate.caller(
                request, door: request.parameters["door"] ?? "", bodyUser: request.query["user"],
                generation: use.generation)
            var answer = JSONWriter()
            answer.object {
                $0.member("user", caller.user)
                $0.member("source", caller.source.rawValue)
                $0.member("name", caller.name ?? "")
                $0.member("role", caller.role ?? "")
                $0.member("trusted", caller.isTrusted)
                $0.member("key", caller.key?.id ?? "")
                $0.member("why", caller.decision.reason ?? "")
            }
            return .json(answer.finish())
        }
        for scope in KeyScope.allCases {
            router.plain(.get, "/need/\(scope.rawValue)") { request in
                try gate.require(scope, request)
                return .text("come in")
            }
        }
        server = Server(router, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
        socket = "\(keys.directory.path)/gate.sock"
        try server.listen(path: socket)
    }

    /// A header that makes a request from this machine one from nobody knows where.
    static let stranger = "X-Forwarded-For: 203.0.113.7"

    func get(_ path: String, _ headers: [String] = []) async throws -> Exchange {
        try await Exchange.get(path, port: port, headers: headers)
    }

    /// Over the Unix socket.
    func ask(_ path: String, _ headers: Headers = [:]) async throws -> Int {
        var request = HTTPRequest(.get, try WebAddress("http://localhost\(path)"), headers: headers)
        request.unixPath = socket
        request.guarding = .open
        let answer = try await client.send(request)
        _ = try await answer.body.collect()
        return answer.status
    }

    func logged() throws -> String {
        log.flush()
        return String(decoding: try bytes(of: logPath), as: UTF8.self)
    }

    func close() async {
        await client.close()
        await server.drain(grace: .zero)
        await scripts.close()
        await scope.close()
        await keys.close()
    }
}
