import Testing

@testable import Runtime

@Suite("provider errors")
struct ErrorReadingTests {
    private static let reading = ErrorReading(provider: StreamReadingTests.provider(.openAI))

    private func failure(_ status: Int, _ body: String, _ headers: Headers = Headers()) -> ProviderFailure {
        Self.reading.failure(status: status, headers: headers, body: Array(body.utf8), now: 1_700_000_000)
    }

    @Test(
        "status and words tell what happened",
        arguments: [
            (429, #"{"error":{"message":"Rate limit reached"}}"#, ProviderFailure.Kind.rateLimited),
            (429, #"{"error":{"message":"quota","code":"insufficient_quota"}}"#, .rateLimited),
            (400, #"{"error":{"code":"context_length_exceeded","message":"x"}}"#, .contextOverflow),
            (
                400,
                #"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 5"}}"#,
                .contextOverflow
            ),
            (413, "", .contextOverflow),
            (400, #"{"error":{"code":"content_filter","message":"x"}}"#, .contentFiltered),
            (400, #"{"error":{"message":"bad temperature"}}"#, .refused),
            (401, #"{"error":{"message":"Incorrect API key"}}"#, .unauthorized), (403, "", .unauthorized),
            (402, #"{"error":{"message":"Insufficient credits"}}"#, .unauthorized),
            (404, #"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#, .modelMissing),
            (404, #"{"error":"model 'x' not found"}"#, .modelMissing),
            (404, #"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#, .modelMissing),
            (404, "<html>nothing here</html>", .misconfigured), (302, "", .misconfigured),
            (408, "", .timeout), (500, "", .overloaded), (503, "busy", .overloaded),
            (529, #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, .overloaded),
            (400, #"[{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT"}}]"#, .refused),
            (429, #"[{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}]"#, .rateLimited),
        ])
    func kinds(status: Int, body: String, kind: ProviderFailure.Kind) {
        let failure = failure(status, body)
        #expect(failure.kind == kind, "\(failure.message)")
        #expect(failure.status == status && failure.provider == "p")
    }

    @Test(
        "how long to wait is read in every form, and bounded",
        arguments: [
            ("retry-after", "7", 7.0), ("retry-after", "0.5", 0.5), ("retry-after-ms", "1500", 1.5),
            ("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT", 30), ("retry-after", "Tue, 14 Nov 2023 22:00:00 GMT", 0),
            ("retry-after", "1m30s", 90), ("retry-after", "99999999", 86_400), ("retry-after", "-3", 0),
        ])
    func waits(name: String, value: String, seconds: Double) {
        #expect(failure(429, "{}", [name: value]).retryAfter == seconds)
    }

    @Test("a wait is for limits alone, and can stand in the body")
    func waitsElsewhere() {
        #expect(failure(401, "{}", ["retry-after": "7"]).retryAfter == nil)
        #expect(failure(429, "{}", ["retry-after": "soon"]).retryAfter == nil)
        let details = #"{"error":{"code":429,"message":"x","details":[{"retryDelay":"21s"}]}}"#
        #expect(failure(429, details).retryAfter == 21)
    }

    @Test("a key that the service quotes is not passed on, nor is a page of HTML or an endless text")
    func cleaned() {
        let quoted = failure(401, #"{"error":{"message":"Incorrect API key provided: sk-planted."}}"#)
        #expect(!quoted.message.contains("sk-planted") && quoted.message.contains("•••"))
        #expect(failure(502, "<html>x</html>").message == "p: it gave no reason (status 502)")
        let long = failure(400, #"{"error":{"message":"\#(String(repeating: "x", count: 9000))"}}"#)
        #expect(long.message.count < 2100)
    }
}
