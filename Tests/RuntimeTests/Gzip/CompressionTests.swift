import Testing

@testable import Runtime

@Suite("compression of answers")
@Loop
struct CompressionTests {
    private static let text = Array(repeating: UInt8(65), count: 5000)

    @Test("text of some length is compressed for who asks for it, and caches are told that it depends")
    func applies() throws {
        var response = Response.json(Self.text)
        Compression.apply(to: &response, request("gzip"))
        #expect(response.headers["content-encoding"] == "gzip")
        #expect(response.headers["vary"] == "Accept-Encoding")
        guard case .bytes(let bytes) = response.body else { throw Fault(.internal, "no bytes") }
        #expect(bytes.count < 200)
        #expect(try Gzip.expand(bytes, limit: 5000) == Self.text)
    }

    @Test("who does not ask gets the plain form, with the same word for caches")
    func plain() {
        var response = Response.json(Self.text)
        Compression.apply(to: &response, request(nil))
        #expect(response.headers["content-encoding"] == nil)
        #expect(response.headers["vary"] == "Accept-Encoding")
    }

    @Test("what is small, packed already, a part, or must not be touched stays as it is")
    func leavesAlone() {
        let untouched: [Response] = [
            .json(Array(repeating: 65, count: 1023)),
            Response(mediaType: "image/png", body: .bytes(Self.text)),
            Response(body: .bytes(Self.text)),
            Response(200, ["Content-Encoding": "br"], mediaType: "text/css", body: .bytes(Self.text)),
            Response(206, ["Content-Range": "bytes 0-4999/9999"], mediaType: "text/css", body: .bytes(Self.text)),
            Response(200, ["Cache-Control": "public, No-Transform"], mediaType: "text/css", body: .bytes(Self.text)),
            .stream(mediaType: "text/event-stream") { _ in },
        ]
        for var response in untouched {
            let encoding = response.headers["content-encoding"]
            Compression.apply(to: &response, request("gzip"))
            #expect(response.headers["content-encoding"] == encoding)
        }
    }

    @Test("a strong tag becomes a weak one, and other words for caches stay")
    func tags() {
        var response = Response(
            200, ["ETag": "\"a\"", "Vary": "Origin"], mediaType: "text/css", body: .bytes(Self.text))
        Compression.apply(to: &response, request("gzip"))
        #expect(response.headers["etag"] == "W/\"a\"")
        #expect(response.headers.all("vary") == ["Origin", "Accept-Encoding"])
    }

    @Test("a large body is compressed aside, not on the loop")
    func large() {
        var response = Response.json(Array(repeating: 65, count: 100_000))
        Compression.apply(to: &response, request("gzip"))
        if case .stream = response.body {} else { Issue.record("it was compressed at once") }
    }

    @Test("the server compresses what its handlers answer", arguments: [5000, 500_000])
    func served(_ size: Int) async throws {
        let text = String(repeating: "text ", count: size / 5)
        let harness = try WebHarness { router in
            router.plain(.get, "/plain") { _ in .text(text) }
            router.on(.get, "/task") { _ in .text(text) }
        }
        for path in ["/plain", "/task"] {
            let client = try await harness.exchange(
                "GET \(path) HTTP/1.0\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
            let all = client.received
            let end = try #require(all.indices.first { all[$0...].starts(with: Array("\r\n\r\n".utf8)) })
            #expect(client.text.contains("Content-Encoding: gzip\r\n"))
            #expect(try Gzip.expand(Array(all[(end + 4)...]), limit: size) == Array(text.utf8))
            #expect(try await harness.get(path).body == text)
        }
        await harness.stop()
    }

    private func request(_ accepted: String?) -> Request {
        let request = Request()
        request.headers["Accept-Encoding"] = accepted
        return request
    }
}
