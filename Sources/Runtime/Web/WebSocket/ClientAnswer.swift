/// The server's answer to a client's opening handshake (RFC 6455 §4.1), read strictly: whoever answers loosely is
/// perhaps no WebSocket server at all.
enum ClientAnswer {
    /// The agreed subprotocol. `head` ends with its empty line.
    static func check(_ head: ArraySlice<UInt8>, _ request: ClientRequest) throws -> String? {
        let lines = try self.lines(head.dropLast(4), request.host)
        let status = try self.status(lines[0], request.host)
        guard status == 101 else { throw refused(status, request.host) }
        var headers = Headers()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex,
                line[..<colon].utf8.allSatisfy(\.isTokenByte)
            else { throw broken("a header of its answer is malformed", request.host) }
            headers.add(String(line[..<colon]), String(line[line.index(after: colon)...].trimmingSpace))
        }
        guard headers.all("upgrade").map({ $0.lowercased() }) == ["websocket"],
            Upgrade.hasToken("upgrade", headers.all("connection"))
        else { throw broken("it switches to something else", request.host) }
        guard headers.all("sec-websocket-accept") == [AcceptKey.answer(to: request.key)] else {
            throw broken("its answer does not fit our key", request.host)
        }
        guard Upgrade.tokens(headers.all("sec-websocket-extensions")).isEmpty else {
            throw broken("it uses an extension that nobody asked for", request.host)
        }
        let chosen = headers.all("sec-websocket-protocol")
        guard chosen.count <= 1, chosen.allSatisfy({ request.protocols.contains($0) }) else {
            throw broken("it speaks a subprotocol that nobody asked for", request.host)
        }
        return chosen.first
    }

    private static func lines(_ head: ArraySlice<UInt8>, _ host: String) throws -> [Substring] {
        var lines: [Substring] = []
        var start = head.startIndex
        for index in head.indices {
            switch head[index] {
            case 13 where index + 1 < head.endIndex && head[index + 1] == 10: break
            case 10 where index > start && head[index - 1] == 13:
                lines.append(Substring(decoding: head[start..<(index - 1)], as: UTF8.self))
                start = index + 1
            case 9, 32...126, 128...255: break
            default: throw broken("a control character stands in its answer", host)
            }
        }
        return lines + [Substring(decoding: head[start...], as: UTF8.self)]
    }

    private static func status(_ line: Substring, _ host: String) throws -> Int {
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "HTTP/1.1", parts[1].utf8.count == 3, let status = Int(parts[1]),
            status >= 100
        else { throw broken("it does not answer in HTTP/1.1", host) }
        return status
    }

    private static func refused(_ status: Int, _ host: String) -> Fault {
        let kind: Fault.Kind =
            switch status {
            case 401: .unauthenticated
            case 403: .denied
            case 404, 410: .notFound
            case 429: .overBudget
            case 400...499: .invalidInput
            default: .unavailable
            }
        return Fault(kind, "\(host) answered \(status) \(Status.reason(status)) instead of opening a WebSocket")
    }

    private static func broken(_ why: String, _ host: String) -> Fault {
        Fault(.unavailable, "\(host) is no WebSocket server: \(why)", isRetryable: false)
    }
}
