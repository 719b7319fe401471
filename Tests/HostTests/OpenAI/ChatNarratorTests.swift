import Runtime
import Testing

@testable import Host

@Suite("an answer as chunks")
struct ChatNarratorTests {
    private static let chunks = ChatChunks(id: "chatcmpl-1", model: "m", created: 7)

    @Test("each chunk is one whole object that says what it belongs to")
    func envelope() throws {
        for chunk in [
            Self.chunks.role(), Self.chunks.content("a\n\"b\""), Self.chunks.reasoning("x"),
            Self.chunks.finish(.stop), try Self.chunks.usage(Usage(input: 3, output: 2, cost: 0.25)),
            Self.chunks.toolCall(id: "c", name: "ask_user", arguments: "{}"), Self.chunks.event("status") { _ in },
        ] {
            let value = try JSON.parse(chunk)
            #expect(value["id"].string == "chatcmpl-1" && value["created"].integer == 7 && value["model"].string == "m")
            #expect(value["object"].string == "chat.completion.chunk" && value["choices"].kind == .array)
        }
    }

    @Test("text that goes on after something else begins a new paragraph")
    func paragraphs() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: false)
        _ = narrator.text("One", part: "p1") + narrator.text(" two.", part: "p1")
        _ = narrator.tool(Self.tool("t1", .completed), Rendering(show: .nothing))
        _ = narrator.text("Three.", part: "p2")
        #expect(narrator.content == "One two.\n\nThree.")
    }

    @Test("a tool as a block to unfold is written once, when it has ended")
    func details() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: false)
        let show = Rendering(show: .details, before: "_Look._")
        #expect(narrator.tool(Self.tool("t", .pending), show).isEmpty)
        #expect(narrator.tool(Self.tool("t", .running), show).isEmpty)
        _ = narrator.tool(Self.tool("t", .completed, output: "a ``` b"), show)
        #expect(narrator.tool(Self.tool("t", .completed), show).isEmpty)
        #expect(
            narrator.content
                == "_Look._\n\n<details>\n<summary>bash: list &lt;all&gt;</summary>\n\n````\na ``` b\n````\n\n</details>"
        )
    }

    @Test("a tool as a card begins, ends, and has its result")
    func card() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: true)
        let show = Rendering(show: .native)
        let begun = try Self.items(narrator.tool(Self.tool("t", .running), show))
        #expect(begun.map { $0["item"]["status"].string } == ["in_progress"])
        #expect(narrator.tool(Self.tool("t", .running), show).isEmpty)
        let ended = try Self.items(narrator.tool(Self.tool("t", .completed, output: "file"), show))
        #expect(ended.map { $0["item"]["type"].string } == ["function_call", "function_call_output"])
        #expect(ended.allSatisfy { $0["item"]["call_id"].string == "t" })
        #expect(ended[1]["item"]["output"][0]["text"].string == "file")
        #expect(narrator.closeItems().isEmpty)
        #expect(narrator.content.isEmpty)
    }

    @Test("a card that is open at the end is closed: the client would call the tool itself")
    func openCards() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: true)
        _ = narrator.tool(Self.tool("one", .running), Rendering(show: .native))
        _ = narrator.tool(Self.tool("two", .running), Rendering(show: .native))
        let closing = try Self.items(narrator.closeItems())
        #expect(closing.map { $0["item"]["call_id"].string } == ["one", "one", "two", "two"])
        #expect(closing[1]["item"]["status"].string == "failed")
    }

    @Test("thoughts before the text have their own field, later ones are items")
    func thoughts() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: true)
        let first = try Self.items(narrator.reasoning("hm", part: "r1"))
        #expect(first[0]["choices"][0]["delta"]["reasoning_content"].string == "hm")
        _ = narrator.text("Well.", part: "p1")
        let second = try Self.items(narrator.reasoning("so", part: "r2") + narrator.reasoning(" then", part: "r2"))
        #expect(
            second.map { $0["type"].string } == [
                "response.output_item.added", "response.reasoning_text.delta", "response.reasoning_text.delta",
            ])
        let third = try Self.items(narrator.text("Done.", part: "p2"))
        #expect(third[0]["type"].string == "response.output_item.done")
        #expect(third[0]["item"]["content"][0]["text"].string == "so then")
        #expect(narrator.content == "Well.\n\nDone.")
    }

    @Test("a passing notice ends when the turn goes on, and others stand")
    func notices() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: true)
        let said = try Self.items(narrator.notice("trying again", isPassing: true))
        #expect(said[0]["event"]["data"]["done"].bool == false)
        let gone = try Self.items(narrator.goesOn())
        #expect(gone[0]["event"]["data"]["done"].bool == true && gone[0]["event"]["data"]["hidden"].bool == true)
        #expect(narrator.goesOn().isEmpty)
        let stands = try Self.items(narrator.notice("cut"))
        #expect(stands[0]["event"]["data"]["done"].bool == true && narrator.goesOn().isEmpty)
    }

    @Test("for other clients all thoughts are reasoning")
    func plainThoughts() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: false)
        _ = narrator.text("Well.", part: "p1")
        let thought = try Self.items(narrator.reasoning("so", part: "r2"))
        #expect(thought[0]["choices"][0]["delta"]["reasoning_content"].string == "so")
        #expect(narrator.notice("compacted", isPassing: false).isEmpty)
    }

    @Test("what is under way is a status that is not done, for clients that have a place for it")
    func progress() throws {
        var narrator = ChatNarrator(Self.chunks, isNative: true)
        let started = try Self.items(narrator.notice("Pulling the image", isPassing: true))
        #expect(started[0]["event"]["type"].string == "status")
        #expect(started[0]["event"]["data"]["description"].string == "Pulling the image")
        #expect(started[0]["event"]["data"]["done"].bool == false)
        let ready = try Self.items(narrator.notice("The agent is ready", isPassing: false))
        #expect(ready[0]["event"]["data"]["done"].bool == true)
    }

    private static func tool(_ id: String, _ status: ToolUse.Status, output: String = "") -> ToolUse {
        ToolUse(
            id: id, name: "bash", status: status, title: "list <all>", input: ["command": "ls"], output: output)
    }

    private static func items(_ frames: [StreamFrame]) throws -> [JSONView] {
        try frames.map { try JSON.parse($0.data) }
    }
}
