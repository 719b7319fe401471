import Testing

@testable import Runtime

@Suite("requests on the wire")
@Loop
struct ConformanceTests {
    private static let sentinel = "GET /sentinel HTTP/1.1\r\nHost: x\r\n\r\n"

    private func harness() throws -> WebHarness {
        try WebHarness { router in
            router.plain(.get, "/") { _ in .text("") }
            router.plain(.get, "/none") { _ in Response(204) }
            router.plain(.get, "/sentinel") { _ in .text("still here") }
            router.plain(.post, "/echo", limit: 1000) { .text(String(decoding: $0.body.bytes, as: UTF8.self)) }
            router.on(.get, "/task") { _ in .text("") }
            router.on(.post, "/deaf") { _ in .text("") }
        }
    }

    /// The request behind the case's bytes shows whether the connection stayed open, and in step.
    private func check(_ wire: WireCase, _ client: RawClient, _ how: String) async throws {
        try await client.until { $0.isEnded || $0.text.hasSuffix("still here") }
        var statuses = client.answers.map(\.status)
        // A HEAD's length has no body behind it for the reader.
        if wire.name == "HEAD" { statuses = statuses.filter { _ in true } }
        #expect(statuses == wire.statuses + (wire.staysOpen ? [200] : []), "\(wire.name), \(how): \(client.text)")
        client.close()
    }

    @Test("each gets its answer, at once and byte by byte", arguments: WireCase.all)
    func corpus(_ wire: WireCase) async throws {
        let harness = try harness()
        let whole = try harness.client()
        whole.send(wire.input + Array(Self.sentinel.utf8))
        try await check(wire, whole, "whole")

        let slow = try harness.client()
        await slow.dribble(wire.input)
        slow.send(Self.sentinel)
        try await check(wire, slow, "byte by byte")
        await harness.stop()
    }

    @Test("the parser gives the same wherever its input is split", arguments: WireCase.all)
    func splits(_ wire: WireCase) {
        let input = wire.input + Array(Self.sentinel.utf8)
        let whole = transcript([input])
        for place in 1..<min(input.count, 3000) {
            let split = transcript([Array(input[..<place]), Array(input[place...])])
            if split != whole {
                #expect(split == whole, "\(wire.name) split at \(place)")
                return
            }
        }
        #expect(transcript(input.prefix(12_000).map { [$0] }) == transcript([Array(input.prefix(12_000))]))
    }

    private func transcript(_ pieces: [[UInt8]]) -> [String] {
        let parser = RequestParser(limits: RequestParser.Limits())
        var lines: [String] = []
        var body: [UInt8] = []
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty {
                let (used, event) = rest.withUnsafeBufferPointer { parser.step($0) }
                rest = rest.dropFirst(used)
                body += parser.body
                parser.body = []
                switch event {
                case .more: continue
                case .head:
                    let headers = Headers(bytes: parser.bytes, fields: parser.fields)
                    lines.append("\(parser.method!) \(headers.map { "\($0.name)=\($0.value)" })")
                    if !parser.hasBody { parser.next() }
                case .end:
                    lines.append("end \(body) \(parser.fields.count)")
                    body = []
                    parser.next()
                case .refused(let refusal):
                    return lines + ["\(refusal)"]
                }
            }
        }
        return lines
    }
}
