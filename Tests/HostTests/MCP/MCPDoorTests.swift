import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("integrations as MCP servers")
@Loop
struct MCPDoorTests {
    private func with(_ body: @Loop (MCPServer) async throws -> Void) async throws {
        let server = try await MCPServer()
        try await Deadline.within(.seconds(120)) { try await body(server) }
        await server.close()
    }

    private static let hello =
        #"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#

    @Test("a session begins, lists tools with their schemas, calls one and ends")
    func life() async throws {
        try await with { server in
            let begun = try await server.send(
                "POST", "/mcp/shop", #"{"jsonrpc":"2.0","id":"a","method":"initialize","params":\#(Self.hello)}"#)
            let session = try #require(begun.header("Mcp-Session-Id"))
            #expect(try begun.json["id"] == "a" && begun.json["result"]?["protocolVersion"] == "2025-06-18")
            #expect(try begun.json["result"]?["instructions"] == "A shop.")
            let headers = ["Mcp-Session-Id: \(session)", "MCP-Protocol-Version: 2025-06-18"]
            let noted = try await server.send(
                "POST", "/mcp/shop", #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, headers)
            #expect(noted.status == 202 && noted.body.isEmpty)
            #expect(try await server.call("ping", "{}", headers)["result"] == [:])

            let tools = try await server.call("tools/list", "{}", headers)["result"]?["tools"]
            #expect(tools?[0]?["name"] == "buy" && tools?[1]?["annotations"]?["readOnlyHint"] == true)
            #expect(tools?[0]?["inputSchema"]?["required"] == ["what"])
            #expect(tools?[1]?["inputSchema"]?["properties"] == [:])

            let said = try await server.call("tools/call", #"{"name":"hello"}"#, headers)
            #expect(said["result"] == ["content": [["type": "text", "text": "hello"]], "isError": false])
            let bought = try await server.call("tools/call", #"{"name":"buy","arguments":{"what":"tea"}}"#, headers)
            let text = bought["result"]?["content"]?[0]?["text"]?.string ?? ""
            #expect(
                try JSON.parse(text).value == [
                    "bought": "tea", "count": 1, "user": "ann", "workspace": "w1", "chat": "c1", "key": "ann's key",
                ])

            #expect(try await server.send("DELETE", "/mcp/shop", "", headers).status == 204)
            #expect(try await server.send("POST", "/mcp/shop", "{}", headers).status == 404)
            #expect(try await server.send("DELETE", "/mcp/shop", "", headers).status == 404)
        }
    }

    @Test("what a tool cannot do is a result that the model reads; what is wrong in a script is not")
    func toolErrors() async throws {
        try await with { server in
            let rows: [(String, String)] = [
                (#"{"what":"air"}"#, "air is not for sale"), ("{}", "buy: 'what' is missing"),
                (#"{"what":"x","cuont":1}"#, "buy: 'cuont' is unknown (did you mean 'count'?)"),
                (#"{"what":"bug"}"#, "buy: the tool itself failed; whoever runs this server finds why in its log"),
            ]
            for (input, text) in rows {
                let answer = try await server.call("tools/call", #"{"name":"buy","arguments":\#(input)}"#)["result"]
                #expect(answer?["isError"] == true && answer?["content"]?[0]?["text"] == .string(text), "\(input)")
            }
        }
    }

    @Test("what is wrong in the protocol has JSON-RPC's numbers")
    func protocolErrors() async throws {
        try await with { server in
            let rows: [(String, Int, Int64)] = [
                ("{", 400, -32700), ("5", 400, -32600), (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, 400, -32600),
                (#"{"jsonrpc":"2.0","id":1}"#, 400, -32600),
                (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600),
                (#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#, 400, -32600),
                (#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#, 200, -32601),
                (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"bye"}}"#, 200, -32602),
                ("[]", 400, -32600),
            ]
            for (body, status, code) in rows {
                let answer = try await server.send("POST", "/mcp/shop", body)
                #expect(answer.status == status, "\(body)")
                #expect(try answer.json["error"]?["code"] == .integer(code), "\(body)")
            }
            #expect(try await server.send("POST", "/mcp/shop", #"{"jsonrpc":"2.0","id":1,"result":{}}"#).status == 202)
            let large = String(repeating: " ", count: MCPDoor.largestBody + 1)
            #expect(try await server.send("POST", "/mcp/shop", large).status == 413)
        }
    }

    @Test("several messages in one body are for the version that has them")
    func batches() async throws {
        try await with { server in
            let ping = #"{"jsonrpc":"2.0","id":7,"method":"ping"}"#
            let batch = "[\(ping),{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"},{}]"
            let answer = try await server.send("POST", "/mcp/shop", batch)
            #expect(try answer.json[0]?["id"] == 7 && answer.json[1]?["error"]?["code"] == -32600)
            #expect(try answer.json[2] == nil)
            let newer = try await server.send("POST", "/mcp/shop", batch, ["MCP-Protocol-Version: 2025-06-18"])
            #expect(newer.status == 400)
            let notes = #"[{"jsonrpc":"2.0","method":"notifications/x"}]"#
            #expect(try await server.send("POST", "/mcp/shop", notes).status == 202)
            let many = "[" + [String](repeating: ping, count: 33).joined(separator: ",") + "]"
            #expect(try await server.send("POST", "/mcp/shop", many).status == 400)
        }
    }

    @Test(
        "the version is agreed on",
        arguments: [("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"), ("1999-01-01", "2025-06-18")])
    func versions(wanted: String, agreed: String) async throws {
        try await with { server in
            let answer = try await server.call("initialize", #"{"protocolVersion":"\#(wanted)"}"#)
            #expect(answer["result"]?["protocolVersion"] == .string(agreed))
            let odd = try await server.send("POST", "/mcp/shop", "{}", ["MCP-Protocol-Version: 1999-01-01"])
            #expect(odd.status == 400)
        }
    }

    @Test("nobody gets in without a token of this integration, nor a page of another site")
    func gate() async throws {
        try await with { server in
            let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
            let other = server.tokens.token(workspace: "w1", user: "ann", integration: "notes").reveal()
            let foreign = IntegrationTokens(derivedFrom: Secret("another house")).token(
                workspace: "w1", user: "ann", integration: "shop"
            ).reveal()
            for token in [
                "", "x", "pit_", "pit_a.b", other, foreign, server.token + "A", String(server.token.dropLast()),
            ] {
                let answer = try await server.send("POST", "/mcp/shop", ping, token: token)
                #expect(answer.status == 401 && answer.header("WWW-Authenticate") == "Bearer", "\(token)")
                #expect(token.isEmpty || !answer.body.contains(token))
            }
            #expect(try await server.send("POST", "/mcp/shop", ping, ["Origin: https://evil.example"]).status == 403)
            #expect(
                try await server.send("POST", "/mcp/shop", ping, ["Origin: http://127.0.0.1:\(server.port)"]).status
                    == 200)
            #expect(try await server.send("POST", "/mcp/notes", ping, token: other).status == 404)
            let stream = try await server.send("GET", "/mcp/shop")
            #expect(stream.status == 405 && stream.header("Allow") == "POST, DELETE")
        }
    }

    @Test("a session is its own caller's and this house's, and outlives a restart")
    func sessions() async throws {
        let tokens = IntegrationTokens(derivedFrom: Secret("k"))
        let sessions = MCPSessions(tokens)
        let caller = MCPServer.caller
        let session = sessions.begin(caller, .v20250326)
        #expect(sessions.version(of: session, caller) == .v20250326)
        #expect(MCPSessions(tokens).version(of: session, caller) == .v20250326)
        var bob = caller
        bob.user = "bob"
        #expect(sessions.version(of: session, bob) == nil)
        #expect(MCPSessions(IntegrationTokens(derivedFrom: Secret("j"))).version(of: session, caller) == nil)
        for text in ["", "..", "a.b.c", session + "x", session.replacing("2025-03-26", with: "2025-06-18")] {
            #expect(sessions.version(of: text, caller) == nil)
        }
    }

    @Test("a call that is wanted no more is ended, by a notification and by leaving")
    func cancellation() async throws {
        try await with { server in
            let scope = Scope("test") { _, _ in }
            let answered = Waiter<JSONValue>("the answer")
            let input = #"{"name":"buy","arguments":{"what":"forever"}}"#
            scope.spawn("call") { answered.finish(.success(try await server.call("tools/call", input))) }
            while server.scripts.live.callCount < 2 { await Loop.yield() }
            let note = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#
            let noted = try await server.send("POST", "/mcp/shop", note)
            let answer = try await answered.value()
            #expect(noted.status == 202 && answer["result"]?["isError"] == true)
            while server.scripts.live.callCount > 0 { await Loop.yield() }
            await scope.close()
        }
    }

    @Test("the official Python client lists and calls, in each of its ways to connect")
    func official() async throws {
        guard let python = TestEnvironment.python(for: "integrations with the official MCP client") else { return }
        try await with { server in
            let result = try await Subprocess.run(
                [
                    python, TestEnvironment.fixture("peers/mcp_client.py"), "http://127.0.0.1:\(server.port)/mcp/shop",
                ], .init(environment: .inherit(["PATH", "HOME"], adding: ["MCP_TOKEN": server.token])))
            #expect(result.outputText.split(separator: "\n").last == "end", "\(result.outputText)\n\(result.errorText)")
            #expect(result.outputText.split(separator: "\n").filter { !$0.hasPrefix("ok ") } == ["end"])
        }
    }
}
