import Glibc
import LuaBridge
import Runtime

/// Reading and writing a chat request and one event of a token stream, as a turn of a chat does.
func jsonBench() {
    let request = Array(chatRequest.utf8)
    let delta = Array(streamDelta.utf8)
    precondition(request.count == 1607 && delta.count == 174, "\(request.count) and \(delta.count) bytes")
    for (name, text) in [("request", request), ("delta", delta)] {
        let parcel = try! JSON.parcel(text)
        let value = try! JSON.decode(JSONValue.self, from: text)
        measure("json.parse.\(name)") { blackHole(try! JSON.parcel(text).bytes.count) }
        measure("json.text.\(name)") { blackHole(try! JSON.text(of: parcel).count) }
        measure("json.value.\(name)") { blackHole(try! JSON.decode(JSONValue.self, from: text).hashValueIsCheap) }
        measure("json.value.text.\(name)") { blackHole(try! JSON.encode(value).count) }
    }
    let typed = try! JSON.decode(Chunk.self, from: delta)
    measure("json.decode.delta") { blackHole(try! JSON.decode(Chunk.self, from: delta).created) }
    measure("json.encode.delta") { blackHole(try! JSON.encode(typed).count) }
    measure("json.view.delta") {
        let view = try! JSON.parse(delta)
        blackHole(view["choices"][0]["delta"]["content"].string!.utf8.count)
    }
    measure("json.write.delta") { blackHole(writeDelta().count) }
}

private func writeDelta() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { chunk in
        chunk.member("id", "chatcmpl-9f8e7d6c5b4a")
        chunk.member("object", "chat.completion.chunk")
        chunk.member("created", 1_763_700_000)
        chunk.member("model", "izzy")
        chunk.array("choices") { choices in
            choices.object { choice in
                choice.member("index", 0)
                choice.object("delta") { $0.member("content", " world") }
                choice.member(null: "finish_reason")
            }
        }
    }
    return writer.finish()
}

private struct Chunk: Codable {
    struct Choice: Codable {
        struct Delta: Codable { var content: String? }
        var index: Int
        var delta: Delta
        var finishReason: String?
    }
    var id: String
    var object: String
    var created: Int
    var model: String
    var choices: [Choice]
}

/// The best of several rounds, as the one that the machine disturbed least.
private func measure(_ name: String, _ body: () -> Void) {
    var best = Duration.seconds(1000)
    let rounds = 2000
    for _ in 0..<12 {
        let time = ContinuousClock().measure { for _ in 0..<rounds { body() } }
        best = min(best, time)
    }
    let nanoseconds = Double(best.components.attoseconds) / 1e9 / Double(rounds)
    var writer = JSONWriter()
    writer.object {
        $0.member("name", name)
        $0.member("ns", Int(nanoseconds))
    }
    print(String(decoding: writer.finish(), as: UTF8.self))
}

/// Keeps the optimizer from seeing that nobody wants the result.
@inline(never)
private func blackHole(_ value: Int) { if value == .min { print(value) } }

extension JSONValue {
    fileprivate var hashValueIsCheap: Int { if case .object(let object) = self { object.count } else { 0 } }
}

private let streamDelta = """
    {"id":"chatcmpl-9f8e7d6c5b4a3","object":"chat.completion.chunk","created":1763700000,"model":"izzy","choices":[\
    {"index":0,"delta":{"content":" world"},"finish_reason":null}]}
    """

private let chatRequest = """
    {"model":"izzy","stream":true,"temperature":0.7,"max_tokens":4096,"stream_options":{"include_usage":true},\
    "metadata":{"chat_id":"8d4f0c4e-0b6c-4d3e-9a55-3c3f1f3a2b10","message_id":"5f0d7f0a-6f0e-4a8e-8f61-1f9d6b1d2c33",\
    "features":{"web_search":false,"code_interpreter":false,"memory":true}},"messages":[{"role":"system","content":\
    "You are Izzy, a careful engineer.\\nKeep replies short and say what you changed.\\nNever touch files outside the \
    workspace."},{"role":"user","content":"Please look at the failing test in Tests/RunTests and tell me why it fails \
    on Mondays only. \
    Keep the helper that builds weeks where it is, other suites use it too; and please run the whole suite twice, once with TZ=UTC and once with Apia tim"},{"role":"assistant","content":"The test builds its dates from the local calendar. On Mondays the \
    week number rolls over, and `startOfWeek` is off by one: see \\"Calendar.swift\\" line 88."},{"role":"user",\
    "content":[{"type":"text","text":"Gr\\u00fc\\u00dfe! Can you fix it and add a test that would have caught it?"}]}],\
    "tools":[{"type":"function","function":{"name":"read_file","description":"Reads a file of the workspace",\
    "parameters":{"type":"object","properties":{"path":{"type":"string","description":"Path below the workspace root"},\
    "offset":{"type":"integer","minimum":0},"limit":{"type":"integer","minimum":1,"maximum":2000}},"required":["path"]\
    }}},{"type":"function","function":{"name":"run_tests","description":"Runs the tests that match a filter",\
    "parameters":{"type":"object","properties":{"filter":{"type":"string"}},"required":[]}}}],"tool_choice":"auto",\
    "user":"user-7"}
    """
