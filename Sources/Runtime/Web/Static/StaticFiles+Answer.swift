import Glibc

extension StaticFiles {
    func answer(_ file: StaticFile, _ request: Request, _ name: String, _ type: String, varies: Bool) -> Response {
        var headers = settings.headers
        headers["ETag"] = file.tag
        headers["Last-Modified"] = ClockLine.text(file.identity.modifiedSeconds)
        headers["Cache-Control"] = settings.cacheControl(name)
        if varies { Compression.addVary(to: &headers) }
        let conditions = Preconditions(tag: file.tag, modified: file.identity.modifiedSeconds, now: time(nil))
        switch conditions.judge(request.headers) {
        case .notModified: return Response(304, headers)
        case .failed:
            var response = Response.problem(Fault(.conflict, "the file is another one by now"), status: 412)
            response.headers["ETag"] = file.tag
            return response
        case .proceed: break
        }
        headers["Content-Type"] = type
        headers["Content-Encoding"] = file.coding
        headers["Accept-Ranges"] = "bytes"
        let asked = conditions.allowsRange(request.headers) ? request.headers["range"] : nil
        // A range has a meaning for GET alone.
        switch ByteRange(request.method == .get ? asked : nil, size: file.size) {
        case .whole: return send(file, 0..<file.size, 200, headers, request)
        case .part(let range):
            headers["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
            return send(file, range, 206, headers, request)
        case .outside:
            var response = Response.problem(
                Fault(.invalidInput, "the file has only \(file.size) bytes"), status: 416)
            response.headers["Content-Range"] = "bytes */\(file.size)"
            return response
        }
    }

    private func send(
        _ file: StaticFile, _ range: Range<Int>, _ status: Int, _ headers: Headers, _ request: Request
    ) -> Response {
        var headers = headers
        headers["Content-Length"] = "\(range.count)"
        if request.method == .head { return Response(status, headers) }
        switch file.content {
        case .memory(let bytes):
            return Response(status, headers, body: .bytes(range.count == bytes.count ? bytes : Array(bytes[range])))
        case .open(let file):
            return .stream(status, headers) { writer in try await StaticFiles.stream(file, range, writer) }
        }
    }

    /// Piece by piece, at most one of them ahead of the client.
    private static func stream(_ file: OpenFile, _ range: Range<Int>, _ writer: ResponseWriter) async throws {
        var start = range.lowerBound
        while start < range.upperBound {
            let piece = start..<min(range.upperBound, start + pieceSize)
            let bytes = try await BlockingPool.shared.run("read a file") { try file.read(piece) }
            try await writer.write(bytes)
            start = piece.upperBound
        }
    }

    private static let pieceSize = 128 << 10
}
