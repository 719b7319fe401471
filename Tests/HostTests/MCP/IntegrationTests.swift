import Runtime
import Testing

@testable import Host

@Suite("integrations: tokens, switches, configuration")
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

    @Test("an integration is on when its owner, the persona and the user all say so")
    func switches() {
        let switches = IntegrationSwitches(
            offered: ["a", "b", "c", "d"], persona: ["a", "b", "c", "x"], user: ["b": true, "c": true, "d": true])
        let all = switches.all(request: ["a": true, "c": false, "y": true])
        #expect(
            all.map { "\($0.name) \($0.isOn ? "on" : "off"): \($0.reason)" } == [
                "a on: switched on for this turn", "b on: switched on by the user", "c off: switched off for this turn",
                "d off: the persona may not use it", "x off: no script offers it", "y off: no script offers it",
            ])
        #expect(switches.on(request: ["a": true, "c": false]) == ["a", "b"])
        #expect(IntegrationSwitches(offered: ["a"], persona: ["a"]).on() == [], "off unless somebody says otherwise")
    }

    @Test("the agent's configuration lists every server, with a token of its own, and no tool is on by itself")
    func config() throws {
        let mcp = IntegrationConfig.mcp(
            ["notes", "instrumentl"], base: "http://127.0.0.1:8000/", workspace: "w", user: "u", tokens: tokens)
        #expect(mcp.map(\.key) == ["instrumentl", "notes"])
        let notes = try #require(mcp["notes"])
        #expect(
            notes["type"] == "remote" && notes["url"] == "http://127.0.0.1:8000/mcp/notes" && notes["oauth"] == false)
        let header = try #require(notes["headers"]?["Authorization"]?.string)
        #expect(tokens.verify(Secret(String(header.dropFirst("Bearer ".count))))?.integration == "notes")
        #expect(IntegrationConfig.toolsOff(["notes"]) == ["notes_*": false])
        #expect(IntegrationConfig.toolsOn(["notes"]) == ["notes_*": true])
    }
}
