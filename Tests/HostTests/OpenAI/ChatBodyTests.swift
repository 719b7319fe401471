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
        #expect(body.model == "open-persona/build" && !body.isStreamed)
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
        #expect(body.extra == ["x_perigee": ["a": 1]] && body.temperature == 0.5)
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

    @Test("the filter's key runs for turns only")
    func filter() {
        let facts = ClientFacts(
            [:], model: "m", extra: ["x_perigee": ["chat_id": "c", "model_id": "p", "message_id": "a"]])
        #expect(facts.task == "" && facts.chat == "c" && facts.modelID == "p" && facts.client == "openwebui")
    }

    @Test("an ordinary client says nothing")
    func plain() {
        let facts = ClientFacts(["User-Agent": "x"], model: "m", extra: [:])
        #expect(facts == ClientFacts([:], model: "m", extra: [:]) && facts.client == nil && facts.task == nil)
    }
}
