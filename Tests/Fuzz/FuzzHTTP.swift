@testable import Runtime

/// Feeds a connection's parser, without a socket: the first byte decides where the rest is split. Whatever the split, the same requests must come out, and every range must lie within its bytes.
func fuzzHTTP(_ input: UnsafeBufferPointer<UInt8>) {
    guard let seed = input.first else { return }
    let bytes = Array(input.dropFirst())
    let whole = HTTPTranscript.read([bytes[...]])
    precondition(HTTPTranscript.read(split(bytes, seed)) == whole, "a split changes what is read")
}

/// What a parser makes of bytes, as lines to compare.
enum HTTPTranscript {
    static func read(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        let parser = RequestParser(limits: RequestParser.Limits())
        var lines: [String] = []
        var body: [UInt8] = []
        for piece in pieces {
            var rest = piece
            while !rest.isEmpty {
                let (used, event) = rest.withUnsafeBufferPointer { parser.step($0) }
                precondition(used > 0 && used <= rest.count, "the parser stands still")
                rest = rest.dropFirst(used)
                body += parser.body
                parser.body = []
                switch event {
                case .more: break
                case .head:
                    lines.append(head(parser))
                    if !parser.hasBody { parser.next() }
                case .end:
                    lines.append("end \(body) \(Headers(bytes: parser.bytes, fields: parser.fields).map(\.value))")
                    body = []
                    parser.next()
                case .refused(let refusal): return lines + ["\(refusal)"]
                }
            }
        }
        return lines
    }

    private static func head(_ parser: RequestParser) -> String {
        let headers = Headers(bytes: parser.bytes, fields: parser.fields)
        let target = parser.target
        let query = QueryFields(target.text(target.query, parser.bytes))
        let trusted = [AddressRange("0.0.0.0/0")!]
        let forwarding = Forwarding(
            headers: headers, peer: .address(IPAddress("127.0.0.1")!, port: 1), trusted: trusted, host: "")
        let path = target.decodedPath(parser.bytes)
        precondition(!path.split(separator: "/").contains(".."), "a dot segment in \(path)")
        return "\(parser.method!) \(path) \(query.items) \(forwarding) \(headers.map { "\($0.name)=\($0.value)" })"
    }
}
