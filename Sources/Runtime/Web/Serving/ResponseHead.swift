/// Writes the head of an answer, and decides how its body is framed.
@Loop
struct ResponseHead {
    let status: Int
    let minorVersion: UInt8
    let isHead: Bool
    let closes: Bool

    private var hasNoBody: Bool { status < 200 || status == 204 || status == 304 }

    /// The framing of the body that follows; `.none` when nothing may follow.
    func write(_ response: Response, date: UnsafeRawBufferPointer, id: Request, into output: inout OutputBuffer)
        -> ConnectionState.Framing
    {
        writeStart(response, date: date, id: id, into: &output)
        var declared: Int?
        for field in response.headers.fields { writeField(field, response.headers, &declared, into: &output) }
        var framing = ConnectionState.Framing.none
        switch response.body {
        case .empty: writeLength(hasNoBody ? nil : isHead ? declared ?? 0 : 0, &output)
        case .bytes(let bytes): writeLength(hasNoBody ? nil : bytes.count, &output)
        case .stream, .source:
            if let declared {
                writeLength(declared, &output)
                framing = .length(declared)
            } else if minorVersion == 1 {
                if !hasNoBody { output.append("Transfer-Encoding: chunked\r\n") }
                framing = .chunked
            } else {
                framing = .untilClose
            }
        case .upgrade: break
        }
        writeConnection(response, framing, into: &output)
        return isHead || hasNoBody ? .none : framing
    }

    private func writeStart(
        _ response: Response, date: UnsafeRawBufferPointer, id: Request, into output: inout OutputBuffer
    ) {
        if status == 200 {
            output.append("HTTP/1.1 200 OK\r\n")
        } else {
            output.append("HTTP/1.1 ")
            output.append(decimal: status)
            output.append(" ")
            output.append(Status.reason(status))
            output.append("\r\n")
        }
        output.append(date)
        output.append("X-Request-Id: ")
        if let given = id.givenID {
            id.headers.bytes.withUnsafeBytes {
                let start = Int(given.valueStart)
                output.append(UnsafeRawBufferPointer(rebasing: $0[start..<(start + Int(given.valueCount))]))
            }
        } else {
            output.append(RequestID.prefix)
            output.append(base36: id.number)
        }
        output.append("\r\n")
        if let type = response.mediaType, !response.headers.contains("content-type") {
            output.append("Content-Type: ")
            output.append(type)
            output.append("\r\n")
        }
    }

    /// What the server itself answers for is left out; a given Content-Length is checked and kept apart.
    private func writeField(
        _ field: Headers.Field, _ headers: Headers, _ declared: inout Int?, into output: inout OutputBuffer
    ) {
        switch field.nameCount {
        case 4 where headers.isNamed(field, "date"): return
        case 10 where headers.isNamed(field, "connection") || headers.isNamed(field, "keep-alive"): return
        case 12 where headers.isNamed(field, "x-request-id"): return
        case 14 where headers.isNamed(field, "content-length"):
            declared = Int(headers.text(value: field)).flatMap { $0 >= 0 ? $0 : nil }
            return
        case 17 where headers.isNamed(field, "transfer-encoding"): return
        default: break
        }
        headers.bytes.withUnsafeBytes { bytes in
            output.append(UnsafeRawBufferPointer(rebasing: bytes[HeadSlice(field.nameStart, field.nameCount).range]))
            output.append(": ")
            output.append(UnsafeRawBufferPointer(rebasing: bytes[HeadSlice(field.valueStart, field.valueCount).range]))
            output.append("\r\n")
        }
    }

    private func writeLength(_ length: Int?, _ output: inout OutputBuffer) {
        guard let length else { return }
        output.append("Content-Length: ")
        output.append(decimal: length)
        output.append("\r\n")
    }

    private func writeConnection(
        _ response: Response, _ framing: ConnectionState.Framing, into output: inout OutputBuffer
    ) {
        if case .upgrade = response.body {
            output.append("Connection: Upgrade\r\n")
        } else if closes || framing == .untilClose {
            output.append("Connection: close\r\n")
        } else if minorVersion == 0 {
            output.append("Connection: keep-alive\r\n")
        }
        output.append("\r\n")
    }
}

extension HeadSlice {
    init(_ start: UInt32, _ count: UInt32) {
        self.start = start
        self.count = count
    }
}
