import Runtime
import Testing

@testable import Host

@Suite("the body of a chat completion")
struct ChatBodyTests {
    @Test(
        "content in every form",
        arguments: [
            (#""hello""#, "hello", 0), ("null", "", 0), (#"["a",{"type":"text","text":"b"}]"#, "a\nb", 0),
            (#"[{"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}]"#, "", 1),
            (#"[{"type":"input_image","image_url":"https://e.x/a.png"},{"type":"input_text","text":"see"}]"#, "see", 1),
            (#"[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,QQ=="}}]"#, "", 1),
            (#"[{"type":"input_audio","input_audio":{}}]"#, "", 0), ("7", "7", 0), (#"{"a":1}"#, #"{"a":1}"#, 0),
        ] as [(String, String, Int)])
    func content(_ content: String, _ text: String, _ files: Int) throws {
        let body = try ChatBody(Array(#"{"messages":[{"role":"user","content":\#(content)}]}"#.utf8))
        #expect(body.messages[0].text == text && body.messages[0].files.count == files)
        #expect(body.model == "open-persona/build" && !body.wishes.isStreamed)
    }

    @Test(
        "what cannot be understood says where",
        arguments: [
            ("", nil), ("[]", nil), ("{", nil), (#"{"messages":1}"#, "messages"), (#"{"messages":[]}"#, "messages"),
            (#"{"messages":[1]}"#, "messages[0]"), (#"{"messages":[{"role":"king"}]}"#, "messages[0].role"),
            (#"{"model":1,"messages":[{"role":"user","content":"x"}]}"#, "model"),
            (#"{"stream":"yes","messages":[{"role":"user","content":"x"}]}"#, "stream"),
            (#"{"n":2,"messages":[{"role":"user","content":"x"}]}"#, "n"),
        ] as [(String, String?)])
    func faults(_ text: String, _ param: String?) {
        #expect { _ = try ChatBody(Array(text.utf8)) } throws: { ($0 as? BadBody)?.param == param }
    }

    @Test("fields that are nobody's are kept for hooks")
    func extra() throws {
        let body = try ChatBody(
            Array(#"{"x_perigee":{"a":1},"temperature":0.5,"messages":[{"role":"user","content":"x"}]}"#.utf8))
        #expect(body.extra == ["x_perigee": ["a": 1]] && body.wishes.temperature == 0.5)
    }

    @Test("what Open WebUI tells beside it")
    func openWebUI() {
        let headers: Headers = [
            "X-OpenWebUI-Chat-Id": "c1", "X-OpenWebUI-Message-Id": "a2", "X-OpenWebUI-User-Message-Id": "u2",
            "X-OpenWebUI-User-Message-Parent-Id": "", "X-OpenWebUI-Task": "",
            "X-OpenWebUI-Model-Id": "izzy-two",
            "x-openpersona-meta-b64": Base64.encode(Array(#"{"memory":{"enabled":false}}"#.utf8)),
        ]
        let facts = ClientFacts(
            headers, model: "open-persona/build",
            extra: ["x_persona": ["memory": ["enabled": true], "persona": ["template": "izzy"]]])
        #expect(facts.client == "openwebui" && facts.chat == "c1" && facts.parent == "" && facts.task == "")
        #expect(facts.modelID == "izzy-two")
        #expect(facts.meta == ["memory": ["enabled": false], "persona": ["template": "izzy"]])
    }

    @Test("a template that an older client does not fill in counts as not sent")
    func templates() {
        let facts = ClientFacts(["X-OpenWebUI-Task": "{{TASK}}"], model: "m", extra: [:])
        #expect(facts.task == nil && facts.client == "openwebui")
    }

    @Test("what the filter says counts as it is signed")
    func filter() throws {
        let secret = Secret("between us")
        let text = #"""
            {"at":1000,"user":{"id":"u1"},"model_id":"p","chat_id":"c","message_id":"a","meta":{"repo":"x/y"},
             "keys":{"openai":"sk-1234567890"}}
            """#
        let code = Hex.encode(HMACSHA256.code(for: Array(text.utf8), key: secret))
        let field: JSONValue = ["signed": .string(text), "signature": .string(code)]
        let data = try #require(FilterData(field, secret: secret, now: 1300))
        #expect(data.isSigned && data.user == "u1" && data.keys[.openai] == Secret("sk-1234567890"))
        let facts = ClientFacts([:], model: "m", extra: ["x_perigee": field], filter: data)
        #expect(facts.task == "" && facts.chat == "c" && facts.modelID == "p" && facts.client == "openwebui")
        #expect(facts.meta == ["repo": "x/y"])

        #expect(FilterData(field, secret: secret, now: 2000) == nil, "too old")
        #expect(FilterData(field, secret: Secret("other"), now: 1000) == nil)
        #expect(FilterData(["signed": .string(text), "signature": ""], secret: secret, now: 1000) == nil)
        #expect(
            FilterData(["signed": "{"], secret: nil, now: 1000) == nil && FilterData(nil, secret: nil, now: 0) == nil)
        let unsigned = try #require(FilterData(["signed": .string(text), "signature": ""], secret: nil, now: 9000))
        #expect(!unsigned.isSigned && unsigned.keys.isEmpty && unsigned.model == "p")
    }

    @Test("an ordinary client says nothing")
    func plain() {
        let facts = ClientFacts(["User-Agent": "x"], model: "m", extra: [:])
        #expect(facts == ClientFacts([:], model: "m", extra: [:]) && facts.client == nil && facts.task == nil)
    }
}
