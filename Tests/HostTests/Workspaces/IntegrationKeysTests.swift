import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("users' keys for integrations")
@Loop
struct IntegrationKeysTests {
    private func name(_ text: String) throws -> IntegrationKey { try #require(IntegrationKey(text)) }

    @Test("names are capital letters, digits and underscores")
    func names() {
        for good in ["AB", "INSTRUMENTL_API_KEY", "A1"] { #expect(IntegrationKey(good) != nil, "\(good)") }
        for bad in ["", "A", "1A", "a_key", "_A", "A-B", "A B", "Ä_KEY", String(repeating: "A", count: 65)] {
            #expect(IntegrationKey(bad) == nil, "\(bad)")
        }
    }

    @Test("they are sealed in their own workspace, survive a restart, and change no provider's key")
    func sealed() async throws {
        let bed = try await WorkspacesBed.open()
        let ann = try await bed.workspaces.setKeys([.openai: Secret("sk-of-ann")], of: bed.workspace("ann"))
        let bob = try await bed.workspace("bob")
        let key = try name("ROADS_KEY")
        try await bed.workspaces.setIntegrationKeys([key: Secret("planted-roads")], of: ann)
        #expect(try await bed.workspaces.integrationKeys(of: ann.id) == ["ROADS_KEY": Secret("planted-roads")])
        #expect(try await bed.workspaces.integrationKeys(of: bob.id).isEmpty)
        #expect(try await bed.workspace("ann").keySignature == ann.keySignature)
        await bed.store.close()
        for file in ["perigee.db", "log"] {
            let text = String(decoding: try bytes(of: "\(bed.directory.path)/\(file)"), as: UTF8.self)
            #expect(!text.contains("planted-roads"), "\(file)")
        }

        let again = try await WorkspacesBed.open(in: bed.directory)
        let same = try await again.workspace("ann")
        #expect(try await again.workspaces.integrationKeys(of: ann.id)["ROADS_KEY"] == Secret("planted-roads"))
        #expect(same.keyNames == ["openai"])
        try await again.workspaces.setIntegrationKeys([key: nil], of: same)
        #expect(try await again.workspaces.integrationKeys(of: ann.id).isEmpty)
        await again.store.close()
    }

    @Test("a body of keys is read whole or refused, and its complaint has no key")
    func bodies() throws {
        let good = try KeyChanges(JSON.parse(#"{"openai": "sk-1", "ROADS_KEY": " k ", "OTHER_KEY": null}"#))
        #expect(good.providers == [.openai: Secret("sk-1")])
        #expect(try good.integrations == [name("ROADS_KEY"): Secret("k"), name("OTHER_KEY"): nil])
        for bad in [
            "[]", "{}", #"{"openay": "planted-key"}"#, #"{"ROADS_KEY": 5}"#, #"{"ROADS_KEY": "planted-key\u0007"}"#,
        ] {
            let fault = try #require(throws: Fault.self) { try KeyChanges(JSON.parse(bad)) }
            #expect(fault.kind == .invalidInput && !"\(fault)".contains("planted-key"), "\(bad): \(fault)")
        }
    }

    @Test("the filter's keys count only when they are signed")
    func filter() throws {
        let text = #"{"at":100,"user":{"id":"ann"},"integration_keys":{"ROADS_KEY":"k","bad name":"x","EMPTY_KEY":""}}"#
        let secret = Secret("s")
        let signature = Hex.encode(HMACSHA256.code(for: Array(text.utf8), key: secret))
        let field: JSONValue = ["signed": .string(text), "signature": .string(signature)]
        let signed = try #require(FilterData(field, secret: secret, now: 100))
        #expect(try signed.integrationKeys == [name("ROADS_KEY"): Secret("k")])
        let unsigned = try #require(FilterData(["signed": .string(text)], secret: nil, now: 100))
        #expect(unsigned.integrationKeys.isEmpty)
    }

    @Test("a tool gets its user's own key before the owner's, and nobody sees one")
    func program() async throws {
        let scripts = TemporaryDirectory()
        scripts.write(
            """
            --- Tells whose key it has.
            return { name = "roads", description = "Roads.", keys = { "ROADS_KEY" }, tools = {
              whose = { description = "Whose key.", call = function(_, caller)
                return caller.keys.ROADS_KEY == "planted-own" and "the user's" or caller.keys.ROADS_KEY and "the owner's"
                  or "nobody's"
              end },
            } }
            """, to: "integrations/roads.lua")
        scripts.write(
            """
            --- Drives on roads.
            return { id = "driver", name = "Driver", description = "Drives.", agent = "build", integrations = { "roads" },
              core = "You drive." }
            """, to: "personas/driver.lua")
        try await ChatBed.with(["PERIGEE_SCRIPTS=\(scripts.path)"]) { bed in
            let meta = Base64.encode(Array(#"{"integrations":{"roads":{"enabled":true}}}"#.utf8))
            let reply = try await bed.chat(
                ["bash cat opencode.json; say done"], headers: [("x-openpersona-meta-b64", meta)], stream: false,
                ["model": "open-persona/driver"])
            #expect(reply.text.contains("/mcp/roads"), "\(reply.body)")
            let mark = try #require(reply.text.firstRange(of: "Bearer pit_"))
            let token = "pit_" + reply.text[mark.upperBound...].prefix { !"\"\\ ".contains($0) }
            #expect(try await call(bed, token) == "nobody's")

            let set = try await bed.put("/mgmt/me/keys", ["ROADS_KEY": "planted-own", "openai": "planted-sk-1234"])
            #expect(set.status == 200 && set.json["integration_keys"][0].string == "ROADS_KEY")
            #expect(try await call(bed, token) == "the user's")
            let id = Workspace.id(of: "anonymous")
            let shown = try await bed.get("/mgmt/workspaces/\(id)").json
            #expect(shown["integration_keys"].count == 1 && !"\(shown.value as Any)".contains("planted"))

            let config = try await bed.chat(
                ["bash cat opencode.json && env; say done"], headers: [("x-openpersona-meta-b64", meta)], stream: false,
                ["model": "open-persona/driver"])
            #expect(!config.body.contains("planted-own"))
            let dropped = try await bed.put("/mgmt/workspaces/\(id)/keys", ["ROADS_KEY": .null])
            #expect(dropped.json["integration_keys"].count == 0)
            #expect(try await call(bed, token) == "nobody's")
            try await bed.end()
            #expect(!bed.log.contains("planted-own"))
            try await bed.start()
        }
    }

    /// What the tool says to the agent that has this token.
    private func call(_ bed: ChatBed, _ token: String) async throws -> String? {
        let reply = try await bed.post(
            "/mcp/roads",
            [
                "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ["name": "whose", "arguments": [:]],
            ], headers: [("Authorization", "Bearer \(token)"), ("Accept", "application/json, text/event-stream")])
        return reply.chunks.first?["result"]["content"][0]["text"].string
    }
}
