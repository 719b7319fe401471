import Testing

@testable import Runtime

@Suite("provider streams")
struct StreamReadingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let form: ModelProvider.Form
        let stream: String
        let events: [ModelEvent]
        var hasSchema = false
        var testDescription: String { name }
    }

    static func provider(_ form: ModelProvider.Form) -> ModelProvider {
        var provider = ModelProvider("p", form, key: Secret("sk-planted"), model: "m")
        provider.prices = .init(input: 1, output: 10)
        return provider
    }

    private static func lines(_ objects: String..., done: Bool = true) -> String {
        objects.map { "data: \($0)\n\n" }.joined() + (done ? "data: [DONE]\n\n" : "")
    }

    static let cases = [
        Case(
            name: "text and usage", form: .openAI,
            stream: lines(
                #"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
                #"{"choices":[{"delta":{"content":"Grüße "}}]}"#, #"{"choices":[{"delta":{"content":"😀"}}]}"#,
                #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
                #"{"choices":[],"usage":{"prompt_tokens":1000000,"completion_tokens":100000}}"#),
            events: [
                .text("Grüße "), .text("😀"), .finish(.stop),
                .usage(ModelUsage(input: 1_000_000, output: 100_000, cost: 2)),
            ]),
        Case(
            name: "CR LF, comments, joined data, no DONE", form: .openAI,
            stream:
                ": hello\r\n\r\ndata: {\"choices\":\r\ndata: [{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n: ping\r\n\r\n"
                + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\r\n\r\n",
            events: [.text("a"), .finish(.length)]),
        Case(
            name: "DONE without a reason", form: .openAI, stream: lines(#"{"choices":[{"delta":{"content":"a"}}]}"#),
            events: [.text("a"), .finish(.stop)]),
        Case(
            name: "reasoning in two spellings, and as parts", form: .openAI,
            stream: lines(
                #"{"choices":[{"delta":{"reasoning_content":"one"}}]}"#,
                #"{"choices":[{"delta":{"reasoning":"two","content":null}}]}"#,
                #"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"three"}]},"#
                    + #"{"type":"text","text":"x"}]}}]}"#,
                #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#),
            events: [.reasoning("one"), .reasoning("two"), .reasoning("three"), .text("x"), .finish(.stop)]),
        Case(
            name: "pieces of tool calls", form: .openAI,
            stream: lines(
                #"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c1","function":{"name":"f","arguments":"{\"a"}}]}}]}"#,
                #"{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"\":1}"}}]}}]}"#,
                #"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#),
            events: [
                .toolCall(ToolCallPiece(index: 1, id: "c1", name: "f", arguments: #"{"a"#)),
                .toolCall(ToolCallPiece(index: 1, arguments: #"":1}"#)), .finish(.toolCalls),
            ]),
        Case(
            name: "nothing after DONE counts", form: .openAI,
            stream: lines(#"{"choices":[{"delta":{"content":"a"}}]}"#) + "data: {\"error\":\"late\"}\n\n",
            events: [.text("a"), .finish(.stop)]),
        Case(
            name: "messages", form: .anthropic,
            stream: """
                event: message_start
                data: {"type":"message_start","message":{"usage":{"input_tokens":7,"cache_read_input_tokens":2,"cache_creation_input_tokens":1,"output_tokens":1}}}

                event: content_block_start
                data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

                event: ping
                data: {"type":"ping"}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"näh"}}

                event: something_new
                data: {"type":"something_new"}

                event: message_delta
                data: {"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":5}}

                event: message_stop
                data: {"type":"message_stop"}


                """,
            events: [
                .usage(ModelUsage(input: 10, output: 1, cached: 2, cost: 2e-5)), .reasoning("hm"), .text("näh"),
                .finish(.length), .usage(ModelUsage(input: 10, output: 5, cached: 2, cost: 6e-5)),
            ]),
        Case(
            name: "an answer in a given form is text, another tool is none", form: .anthropic,
            stream: [
                #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"answer","input":{}}}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
                #"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"u","name":"g","input":{}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}"#,
                #"{"type":"message_stop"}"#,
            ].map { "data: \($0)\n\n" }.joined(),
            events: [
                .text(#"{"a":"#), .text("1}"), .toolCall(ToolCallPiece(index: 1, id: "u", name: "g")), .finish(.stop),
                .usage(ModelUsage(output: 3, cost: 3e-5)),
            ], hasSchema: true),
    ]

    private func read(_ row: Case, _ pieces: [ArraySlice<UInt8>]) throws -> [ModelEvent] {
        var reading = StreamReading(Self.provider(row.form), schema: row.hasSchema)
        var events: [ModelEvent] = []
        for piece in pieces { events += try reading.feed(Array(piece)) }
        return events + (try reading.end())
    }

    @Test("the same events come, wherever the bytes are cut", arguments: cases)
    func cuts(_ row: Case) throws {
        let bytes = Array(row.stream.utf8)
        #expect(try read(row, [bytes[...]]) == row.events)
        #expect(try read(row, bytes.indices.map { bytes[$0...$0] }) == row.events)
        for cut in bytes.indices { #expect(try read(row, [bytes[..<cut], bytes[cut...]]) == row.events, "at \(cut)") }
    }

    @Test("a stream that breaks off says so, unless the model had finished", arguments: cases)
    func brokenOff(_ row: Case) throws {
        let bytes = Array(row.stream.utf8)
        for end in bytes.indices {
            var reading = StreamReading(Self.provider(row.form), schema: row.hasSchema)
            var events = try reading.feed(Array(bytes[..<end]))
            let hasFinished = events.contains { if case .finish = $0 { true } else { false } }
            do {
                events += try reading.end()
                #expect(hasFinished, "at \(end)")
            } catch let failure as ProviderFailure {
                #expect(!hasFinished && failure.kind == .broken, "at \(end)")
            }
            #expect(row.events.starts(with: events), "at \(end)")
        }
    }

    @Test(
        "an error inside a stream ends it, as what it is",
        arguments: [
            (
                ModelProvider.Form.openAI, #"{"error":{"message":"slow down","code":429}}"#,
                ProviderFailure.Kind.rateLimited
            ),
            (.openAI, #"{"error":{"message":"x","type":"server_error"}}"#, .overloaded),
            (.openAI, #"{"error":"something"}"#, .broken),
            (
                .openAI, #"{"object":"error","message":"This model's maximum context length is 5","code":400}"#,
                .contextOverflow
            ),
            (.openAI, "nonsense", .broken),
            (.anthropic, #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, .overloaded),
            (.anthropic, #"{"type":"error","error":{"type":"rate_limit_error","message":"no"}}"#, .rateLimited),
            (.anthropic, "{", .broken),
        ])
    func errors(form: ModelProvider.Form, data: String, kind: ProviderFailure.Kind) {
        var reading = StreamReading(Self.provider(form))
        let failure = #expect(throws: ProviderFailure.self) { try reading.feed(Array("data: \(data)\n\n".utf8)) }
        #expect(failure?.kind == kind)
        #expect(failure?.message.hasPrefix("p: ") == true)
    }

    @Test("an answer that came whole is read as well, and an error in it found")
    func whole() throws {
        var chat = StreamReading(Self.provider(.openAI))
        let text = #"{"choices":[{"message":{"content":"hi","reasoning_content":"r"},"finish_reason":"length"}]}"#
        #expect(try chat.whole(Array(text.utf8)) == [.reasoning("r"), .text("hi"), .finish(.length)])
        var messages = StreamReading(Self.provider(.anthropic), schema: true)
        let blocks =
            #"{"content":[{"type":"text","text":"a"},{"type":"tool_use","name":"answer","input":{"b":1}}],"#
            + #""stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}"#
        #expect(
            try messages.whole(Array(blocks.utf8)) == [
                .text("a"), .text(#"{"b":1}"#), .finish(.stop),
                .usage(ModelUsage(input: 1, output: 1, cost: 1.1e-5)),
            ])
        for text in [#"{"error":{"message":"no"}}"#, "{}", "<html>"] {
            var reading = StreamReading(Self.provider(.openAI))
            #expect(throws: ProviderFailure.self) { try reading.whole(Array(text.utf8)) }
        }
    }

    @Test("an answer has a bound")
    func bound() throws {
        var provider = Self.provider(.openAI)
        provider.limits.answer = 10
        var reading = StreamReading(provider)
        let chunk = Array("data: {\"choices\":[{\"delta\":{\"content\":\"123456\"}}]}\n\n".utf8)
        #expect(try reading.feed(chunk) == [.text("123456")])
        let failure = #expect(throws: ProviderFailure.self) { try reading.feed(chunk) }
        #expect(failure?.kind == .refused)
    }
}
