import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// Integrations of a test behind the real door.
@Loop
final class MCPServer {
    let directory = TemporaryDirectory()
    let tokens = IntegrationTokens(derivedFrom: Secret("the key of this house"))
    let port: Int
    let scripts: Scripts
    private(set) var service: MCPService?
    private let server: Server
    private let scope = Scope("mcp") { _, _ in }

    static let caller = IntegrationCaller(workspace: "w1", user: "ann", integration: "shop")

    static let shop = """
        return {
          name = "shop", description = "A shop.", keys = { "SHOP_KEY", "OTHER" },
          tools = {
            buy = {
              description = "Buys something.",
              input = { what = { type = "string", required = true, max = 20 }, count = { type = "integer", default = 1 } },
              call = function(input, caller)
                if input.what == "air" then return nil, { kind = "conflict", message = "air is not for sale" } end
                if input.what == "bug" then error("secret detail of the script") end
                if input.what == "forever" then require("host").sleep("1h") end
                return { bought = input.what, count = input.count, user = caller.user, workspace = caller.workspace,
                  persona = caller.persona, chat = caller.chat, run = caller.run, key = caller.keys.SHOP_KEY,
                  other = caller.keys.OTHER }
              end,
            },
            hello = { description = "Greets.", read_only = true, call = function() return "hello" end },
          },
        }
        """

    init(_ files: [String: String] = ["integrations/shop.lua": shop]) async throws {
        for (name, text) in files { directory.write(text, to: "scripts/\(name)") }
        let log = Log(to: Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC))
        let world = World(
            clock: SystemClock(), http: FakeHTTP(), values: MemoryValues(clock: SystemClock()),
            processes: FakeProcesses(), log: log, metrics: Metrics())
        scripts = try Scripts(
            ScriptSources(shipped: nil, overlay: "\(directory.path)/scripts"),
            table: HostTable.makeBelieve(world), log: log, scope: scope, wallClock: { 0 })
        await scripts.start()
        #expect(scripts.failure == nil, "\(scripts.failure?.problems.map(\.description) ?? [])")
        var surroundings = MCPSurroundings()
        surroundings.keys = { caller, names in
            caller.user == "ann" && names.contains("SHOP_KEY") ? ["SHOP_KEY": Secret("ann's key")] : [:]
        }
        surroundings.work = { _ in (chat: "c1", run: nil) }
        service = MCPService(scripts, tokens, surroundings, log: log, scope: scope)
        let router = Router()
        server = Server(router, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
        router.add(MCPDoor { [weak self] in self?.service }, traced: .off)
    }

    var token: String { tokens.token(workspace: "w1", user: "ann", integration: "shop").reveal() }

    func send(
        _ method: String = "POST", _ path: String = "/mcp/shop", _ body: String = "", _ headers: [String] = [],
        token: String? = nil
    ) async throws -> Exchange {
        let lines =
            [
                "\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Content-Length: \(body.utf8.count)",
                "Content-Type: application/json", "Accept: application/json, text/event-stream", "Connection: close",
            ] + ((token ?? self.token).isEmpty ? [] : ["Authorization: Bearer \(token ?? self.token)"]) + headers
        return try await Exchange.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body, port: port)
    }

    /// One request and its result or error.
    func call(_ method: String, _ params: String = "{}", _ headers: [String] = []) async throws -> JSONValue {
        try await send(
            "POST", "/mcp/shop", #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#, headers
        ).json
    }

    func close() async {
        await server.drain(grace: .zero)
        service = nil
        await scripts.close()
        await scope.close()
    }
}

extension Exchange {
    func header(_ name: String) -> String? {
        let start = "\(name.lowercased()):"
        return head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(start) }.map {
            $0.dropFirst(start.count).trimmed
        }
    }
}
