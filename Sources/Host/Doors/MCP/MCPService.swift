import Runtime

/// What integrations need to know from the rest of the house.
@Loop
struct MCPSurroundings {
    /// Those of the named keys that the user has.
    var keys: (_ caller: IntegrationCaller, _ names: [String]) async throws -> [String: Secret] = { _, _ in [:] }
    /// What the workspace is busy with.
    var work: (_ caller: IntegrationCaller) -> (chat: String?, run: String?) = { _ in (nil, nil) }
}

/// Serves integrations of the live scripts as MCP servers: one message in, one out.
@Loop
final class MCPService {
    let sessions: MCPSessions
    let tokens: IntegrationTokens
    private let scripts: Scripts
    private let surroundings: MCPSurroundings
    private let log: Log
    private let scope: Scope
    /// By session and request, for the client that wants one no more.
    private var calls: [String: Task<Void, Never>] = [:]

    init(_ scripts: Scripts, _ tokens: IntegrationTokens, _ surroundings: MCPSurroundings, log: Log, scope: Scope) {
        self.scripts = scripts
        self.tokens = tokens
        self.surroundings = surroundings
        self.log = log
        self.scope = scope
        sessions = MCPSessions(tokens)
    }

    func isOffered(_ name: String) -> Bool { scripts.live.integration(named: name) != nil }

    /// The reply to a request; nil for what has none. `session` is empty before there is one.
    func answer(_ message: MCPMessage, _ caller: IntegrationCaller, session: String) async -> JSONValue? {
        switch message {
        case .response: return nil
        case .invalid(let id, let reason): return MCPError.request(reason).reply(to: id)
        case .notification("notifications/cancelled", let params):
            if let id = params["requestId"] { calls[MCPService.key(session, caller, id)]?.cancel() }
            return nil
        case .notification: return nil
        case .request(let id, let method, let params):
            do {
                let result = try await answer(method, params, caller, MCPService.key(session, caller, id))
                return ["jsonrpc": "2.0", "id": id, "result": result]
            } catch let error as MCPError {
                return error.reply(to: id)
            } catch {
                log.error("an MCP request failed", Fault(error), ["method": LogValue(method)])
                return MCPError.inside.reply(to: id)
            }
        }
    }

    private func answer(
        _ method: String, _ params: JSONValue, _ caller: IntegrationCaller, _ key: String
    ) async throws -> JSONValue {
        // What is called belongs to this generation, also after the next one is live.
        let generation = scripts.live
        generation.retain()
        defer { generation.release() }
        guard let integration = generation.integration(named: caller.integration) else {
            throw MCPError.request("no script offers \(caller.integration) any more")
        }
        switch method {
        case "initialize":
            return [
                "protocolVersion": .string(MCPVersion.agree(params["protocolVersion"]?.string).rawValue),
                "capabilities": ["tools": ["listChanged": false]],
                "serverInfo": ["name": .string("perigee-\(integration.name)"), "version": .string(Version.current)],
                "instructions": .string(integration.description),
            ]
        case "ping": return [:]
        case "tools/list": return ["tools": .array(integration.tools.map { MCPService.describe($0) })]
        case "tools/call":
            let name = params["name"]?.string ?? ""
            guard let tool = integration.tool(named: name) else {
                let near = NearestName.of(name, among: integration.tools.map(\.name)).map { "; did you mean \($0)?" }
                throw MCPError.params("there is no tool \"\(name)\"\(near ?? "")")
            }
            return await call(tool, integration, params["arguments"] ?? [:], caller, generation, key)
        default: throw MCPError.method(method)
        }
    }

    private static func describe(_ tool: ScriptTool) -> JSONValue {
        [
            "name": .string(tool.name), "description": .string(tool.description), "inputSchema": .object(tool.schema),
            "annotations": ["readOnlyHint": .bool(tool.isReadOnly)],
        ]
    }

    // MARK: calls

    private func call(
        _ tool: ScriptTool, _ integration: ScriptIntegration, _ input: JSONValue, _ caller: IntegrationCaller,
        _ generation: Generation, _ key: String
    ) async -> JSONValue {
        do {
            // A missing key or a bad input is something that the model can tell its user.
            let input = JSONValue.object(try tool.check(input))
            let facts = try await facts(caller, integration)
            let waiter = Waiter<JSONValue>("\(integration.name).\(tool.name)")
            let task = scope.spawn("integration \(integration.name)") {
                do {
                    let answer = try await generation.call(tool, of: integration, input: input, caller: facts)
                    waiter.finish(.success(answer))
                } catch {
                    waiter.finish(.failure(error))
                }
            }
            calls[key] = task
            defer { calls[key] = nil }
            do {
                return MCPService.result(try await waiter.value())
            } catch {
                task.cancel()
                throw error
            }
        } catch {
            return failed(Fault(error), tool, integration)
        }
    }

    private func facts(_ caller: IntegrationCaller, _ integration: ScriptIntegration) async throws -> JSONValue {
        let keys = integration.keys.isEmpty ? [:] : try await surroundings.keys(caller, integration.keys)
        let work = surroundings.work(caller)
        var facts: JSONObject = ["user": .string(caller.user), "workspace": .string(caller.workspace)]
        facts["keys"] = .object(
            JSONObject(
                integration.keys.compactMap { name in keys[name].map { (name, .string($0.reveal())) } }))
        facts["persona"] = caller.persona.map { .string($0) }
        facts["chat"] = work.chat.map { .string($0) }
        facts["run"] = work.run.map { .string($0) }
        return .object(facts)
    }

    private func failed(_ fault: Fault, _ tool: ScriptTool, _ integration: ScriptIntegration) -> JSONValue {
        var text = fault.description
        if fault.kind == .script || fault.kind == .internal {
            // What is wrong in a script is its owner's to read.
            log.error("a tool failed", fault, ["integration": LogValue(integration.name), "tool": LogValue(tool.name)])
            text = "\(tool.name): the tool itself failed; whoever runs this server finds why in its log"
        }
        return ["content": [["type": "text", "text": .string(text)]], "isError": true]
    }

    private static func result(_ answer: JSONValue) -> JSONValue {
        let text: String
        switch answer {
        case .string(let words): text = words
        case .null: text = "Done."
        default:
            // A tree of plain values always has a form.
            text = (try? JSON.encode(answer)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        return ["content": [["type": "text", "text": .string(text)]], "isError": false]
    }

    private static func key(_ session: String, _ caller: IntegrationCaller, _ id: JSONValue) -> String {
        "\(session)\n\(caller.workspace)\n\(caller.integration)\n\(id)"
    }
}
