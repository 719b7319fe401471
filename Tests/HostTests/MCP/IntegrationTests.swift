import Runtime
import Testing

@testable import Host

@Suite("integrations: tokens, configuration")
struct IntegrationTests {
    private let tokens = IntegrationTokens(derivedFrom: Secret("k"))

    @Test("a token tells whom it is for, and nothing else does")
    func token() {
        let token = tokens.token(workspace: "w/1", user: "ann\n\"b\"", integration: "notes", persona: "build")
        #expect(
            tokens.verify(token)
                == IntegrationCaller(workspace: "w/1", user: "ann\n\"b\"", integration: "notes", persona: "build"))
        #expect(tokens.verify(tokens.token(workspace: "w", user: "u", integration: "i"))?.persona == nil)
        #expect(IntegrationTokens(derivedFrom: Secret("j")).verify(token) == nil)
        let text = token.reveal()
        for place in text.indices {
            var changed = text
            changed.replaceSubrange(place...place, with: text[place] == "B" ? "C" : "B")
            #expect(tokens.verify(Secret(changed)) == nil, "\(changed)")
        }
        for text in ["", "pit_", "pit_.", String(repeating: "a", count: 5000)] {
            #expect(tokens.verify(Secret(text)) == nil)
        }
    }

    @Test("the agent's configuration lists every server, with a token of its own")
    func config() throws {
        let mcp = IntegrationConfig.mcp(
            ["notes", "instrumentl"], base: "http://127.0.0.1:8000/", workspace: "w", user: "u", tokens: tokens)
        #expect(mcp.map(\.key) == ["instrumentl", "notes"])
        let notes = try #require(mcp["notes"])
        #expect(
            notes["type"] == "remote" && notes["url"] == "http://127.0.0.1:8000/mcp/notes" && notes["oauth"] == false)
        let header = try #require(notes["headers"]?["Authorization"]?.string)
        #expect(tokens.verify(Secret(String(header.dropFirst("Bearer ".count))))?.integration == "notes")
    }
}
