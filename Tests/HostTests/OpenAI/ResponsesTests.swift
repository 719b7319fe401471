import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the Responses API")
@Loop
struct ResponsesTests {
    @Test("whole: a message, thoughts, usage, and a next response that goes on from it")
    func chain() async throws {
        try await ChatBed.with { bed in
            let first = try await bed.post(
                "/v1/responses",
                ["model": "open-persona/build", "input": "think hm; say one", "instructions": "be brief"])
            let response = first.chunks[0]
            #expect(first.status == 200 && response["status"].string == "completed")
            let items = Array(response["output"].elements)
            #expect(items.map { $0["type"].string } == ["reasoning", "message"])
            #expect(items.last?["content"][0]["text"].string == "one")
            #expect(response["usage"]["input_tokens"].integer == 100)
            #expect(bed.fake.prompts[0].system?.contains("be brief") == true)

            let id = try #require(response["id"].string)
            let second = try await bed.post(
                "/v1/responses", ["input": "say two", "previous_response_id": .string(id)])
            #expect(second.chunks[0]["output"][0]["content"][0]["text"].string == "two")
            #expect(bed.fake.sessions.count == 1)
            // From the first again: another branch.
            _ = try await bed.post("/v1/responses", ["input": "say three", "previous_response_id": .string(id)])
            #expect(bed.fake.sessions.count == 2)
            let missing = try await bed.post(
                "/v1/responses", ["input": "say x", "previous_response_id": "resp_nothing"])
            #expect(missing.status == 404)
        }
    }

    @Test("streamed: events in order, numbered without a gap, each item begun and ended")
    func streamed() async throws {
        try await ChatBed.with { bed in
            let reply = try await bed.post(
                "/v1/responses", ["input": "think hm; say one two; bash echo x; say three", "stream": true])
            let types = reply.chunks.compactMap { $0["type"].string }
            #expect(types.prefix(2) == ["response.created", "response.in_progress"])
            #expect(types.last == "response.completed")
            #expect(reply.chunks.compactMap { $0["sequence_number"].integer } == Array(0..<reply.chunks.count))
            #expect(
                types.count { $0 == "response.output_item.added" } == types.count { $0 == "response.output_item.done" })
            let deltas = reply.chunks.filter { $0["type"].equals("response.output_text.delta") }
            let text = deltas.compactMap { $0["delta"].string }.joined()
            let output = reply.chunks.last?["response"]["output"]
            #expect(output?.elements.contains { $0["content"][0]["text"].string == text } == true)
            #expect(text.hasPrefix("one two") && text.hasSuffix("three") && text.contains("<details>"))
        }
    }

    @Test("what cannot be served says so")
    func refused() async throws {
        try await ChatBed.with { bed in
            for body in [[:], ["input": 7], ["input": []], ["input": "x", "background": true]] as [JSONObject] {
                let reply = try await bed.post("/v1/responses", body)
                #expect(reply.status == 400 && reply.error?.isEmpty == false)
            }
            let embeddings = try await bed.post("/v1/embeddings", ["input": "x", "model": "m"])
            #expect(embeddings.status == 404 && embeddings.error?.contains("PERIGEE_EMBEDDING_MODEL") == true)
        }
    }
}
