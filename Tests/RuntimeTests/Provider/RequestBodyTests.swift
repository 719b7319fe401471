import Testing

@testable import Runtime

@Suite("provider requests")
struct RequestBodyTests {
    private static let png = "data:image/png;base64,iVBORw0KGgo="
    private static let pdf = "data:application/pdf;base64,JVBERi0="

    private func chat(_ request: ModelRequest, base: String = "http://127.0.0.1:1/v1") throws -> JSONValue {
        let provider = ModelProvider("p", .openAI, base: try WebAddress(base), model: "m")
        return try JSON.parse(try ChatBody(provider: provider, request: request).bytes()).value!
    }

    private func messages(
        _ request: ModelRequest, _ change: (inout ModelProvider) -> Void = { _ in }
    ) throws -> JSONValue {
        var provider = ModelProvider("p", .anthropic, model: "m")
        change(&provider)
        return try JSON.parse(try MessagesBody(provider: provider, request: request).bytes()).value!
    }

    private var full: ModelRequest {
        var request = ModelRequest(
            [
                .init(.user, "old"), .init(.assistant, "answer"),
                .init(.user, [.text("look"), .image(url: Self.png), .document(url: Self.pdf, name: "a.pdf")]),
            ], system: "be kind")
        request.maxTokens = 100
        request.temperature = 1.5
        request.stop = ["END"]
        return request
    }

    @Test("chat/completions: all there is to say")
    func chatForm() throws {
        let body = try chat(full)
        #expect(body["model"] == "m" && body["stream"] == true && body["stream_options"]?["include_usage"] == true)
        #expect(body["messages"]?[0] == ["role": "system", "content": "be kind"])
        #expect(body["messages"]?[1] == ["role": "user", "content": "old"])
        #expect(
            body["messages"]?[3]?["content"] == [
                ["type": "text", "text": "look"], ["type": "image_url", "image_url": ["url": .string(Self.png)]],
                ["type": "file", "file": ["filename": "a.pdf", "file_data": .string(Self.pdf)]],
            ])
        #expect(body["max_tokens"] == 100 && body["temperature"] == 1.5 && body["stop"] == ["END"])
        #expect(body["reasoning_effort"] == nil && body["response_format"] == nil)
        #expect(try chat(full, base: "https://api.openai.com/v1")["max_completion_tokens"] == 100)
    }

    @Test("chat/completions: a given form, and how much to think")
    func chatOptions() throws {
        var request = full
        request.schema = ["type": "object"]
        request.effort = "high"
        request.model = "other"
        let body = try chat(request)
        #expect(body["model"] == "other" && body["reasoning_effort"] == "high")
        #expect(body["response_format"]?["json_schema"]?["schema"] == ["type": "object"])
    }

    @Test("messages: all there is to say")
    func messagesForm() throws {
        let body = try messages(full)
        #expect(body["system"] == "be kind" && body["max_tokens"] == 100 && body["temperature"] == 1.0)
        #expect(body["stop_sequences"] == ["END"])
        #expect(
            body["messages"]?[2]?["content"] == [
                ["type": "text", "text": "look"],
                [
                    "type": "image",
                    "source": ["type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="],
                ],
                [
                    "type": "document", "title": "a.pdf",
                    "source": ["type": "base64", "media_type": "application/pdf", "data": "JVBERi0="],
                ],
            ])
        #expect(try messages(ModelRequest([.init(.user, "x")]))["max_tokens"] == .integer(8192))
    }

    @Test("messages: turns alternate, begin with the user's, and blank text is left out")
    func alternation() throws {
        let body = try messages(
            ModelRequest([
                .init(.assistant, "greeting"), .init(.user, "a"), .init(.user, "  "), .init(.user, "b"),
                .init(.assistant, "c"), .init(.user, [.image(url: "https://example.org/a.png")]),
            ]))
        #expect(
            body["messages"] == [
                ["role": "user", "content": [["type": "text", "text": "a"], ["type": "text", "text": "b"]]],
                ["role": "assistant", "content": [["type": "text", "text": "c"]]],
                [
                    "role": "user",
                    "content": [["type": "image", "source": ["type": "url", "url": "https://example.org/a.png"]]],
                ],
            ])
        #expect(throws: ProviderFailure.self) {
            try messages(ModelRequest([.init(.user, [.image(url: "file:///etc/passwd")])]))
        }
    }

    @Test("messages: thinking by a word or by a budget, a given form by a tool")
    func messagesOptions() throws {
        var request = full
        request.effort = "medium"
        let word = try messages(request)
        #expect(word["output_config"]?["effort"] == "medium" && word["temperature"] == nil)
        let budget = try messages(request) { $0.thinking = .budget }
        #expect(budget["thinking"]?["budget_tokens"] == 8192 && budget["max_tokens"] == 8292)
        request.schema = ["type": "object"]
        let form = try messages(request)
        #expect(form["tool_choice"] == ["type": "tool", "name": "answer"] && form["thinking"] == nil)
        #expect(form["tools"]?[0]?["input_schema"] == ["type": "object"])
    }

    @Test(
        "a path is where the base says, whether or not it ends with the version",
        arguments: [
            ("https://a.example", "https://a.example/v1/messages"),
            ("https://a.example/", "https://a.example/v1/messages"),
            ("https://a.example/v1", "https://a.example/v1/messages"),
            ("https://a.example/v1///", "https://a.example/v1/messages"),
            ("https://a.example/x/v1?k=1", "https://a.example/x/v1/messages?k=1"),
        ])
    func addresses(base: String, address: String) throws {
        let provider = ModelProvider("p", .anthropic, base: try WebAddress(base), model: "m")
        #expect("\(try provider.address("v1/messages"))" == address)
    }

    @Test("data addresses are taken apart, and nothing else is")
    func dataAddresses() {
        #expect(DataAddress(Self.png)?.mime == "image/png" && DataAddress(Self.png)?.bytes?.count == 8)
        #expect(DataAddress("data:text/plain;charset=utf-8;base64,aGk=")?.bytes == Array("hi".utf8))
        for text in ["", "data:", "data:image/png,xx", "https://a/b;base64,xx", "data:;base64,aGk="] {
            #expect(DataAddress(text) == nil, "\(text)")
        }
    }
}
