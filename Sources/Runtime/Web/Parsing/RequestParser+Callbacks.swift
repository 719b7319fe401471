import CHTTP

/// What llhttp calls while it reads.
extension RequestParser {
    fileprivate func noteTarget(_ start: UnsafePointer<CChar>, _ count: Int) -> Int32 {
        guard let base else { return -1 }
        whole = HeadSlice(start - base, start - base + count)
        return 0
    }

    fileprivate func noteName(_ start: UnsafePointer<CChar>, _ count: Int) -> Int32 {
        guard let base else { return -1 }
        guard fields.count < limits.fields else {
            refusal = Refusal(431, "too many fields")
            return -1
        }
        let place = UInt32(start - base)
        fields.append(
            Headers.Field(nameStart: place, nameCount: UInt32(count), valueStart: place, valueCount: 0))
        return 0
    }

    fileprivate func noteValue(_ start: UnsafePointer<CChar>, _ count: Int) -> Int32 {
        guard let base, let last = fields.last, last.valueStart == last.nameStart else {
            refusal = Refusal(400, "a field has two values")
            return -1
        }
        var count = count
        while count > 0, start[count - 1] == 32 || start[count - 1] == 9 { count -= 1 }
        fields[fields.count - 1].valueStart = UInt32(start - base)
        fields[fields.count - 1].valueCount = UInt32(count)
        return 0
    }

    fileprivate func headComplete() -> Int32 {
        guard llhttp.pointee.http_major == 1, llhttp.pointee.http_minor <= 1 else {
            refusal = Refusal(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
            return -1
        }
        method = RequestParser.method(llhttp.pointee.method)
        minorVersion = llhttp.pointee.http_minor
        keepsAlive = llhttp_should_keep_alive(llhttp) != 0
        let flags = Int(llhttp.pointee.flags)
        isChunked = flags & Int(F_CHUNKED.rawValue) != 0
        contentLength = isChunked ? 0 : Int(clamping: llhttp.pointee.content_length)
        hasBody = isChunked || contentLength > 0
        // An upgrade that nobody asked for is ignored: what follows is the next request.
        llhttp.pointee.upgrade = 0
        let (method, minorVersion, whole) = (method, minorVersion, whole)
        let check = bytes.withUnsafeBufferPointer { bytes in
            var check = HeadCheck(bytes)
            refusal = check.run(method, minorVersion, whole, fields)
            return check
        }
        if refusal != nil { return -1 }
        (target, requestID, expectsContinue) = (check.target, check.requestID, check.expectsContinue)
        return hasBody ? Int32(HPE_PAUSED.rawValue) : 0
    }

    fileprivate func noteBody(_ start: UnsafePointer<CChar>, _ count: Int) -> Int32 {
        if discardsBody {
            discarded += count
        } else {
            body.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        }
        return 0
    }

    fileprivate func noteExtension(_ count: Int) -> Int32 {
        extensions += count
        guard extensions > limits.extensions else { return 0 }
        refusal = Refusal(400, "too many chunk extensions")
        return -1
    }

    fileprivate func chunkHeader() -> Int32 {
        llhttp.pointee.content_length == 0 ? Int32(HPE_PAUSED.rawValue) : 0
    }

    fileprivate func complete() -> Int32 {
        phase = .ended
        return Int32(HPE_PAUSED.rawValue)
    }

    private static func method(_ code: UInt8) -> Method? {
        switch llhttp_method(rawValue: UInt32(code)) {
        case HTTP_GET: .get
        case HTTP_POST: .post
        case HTTP_HEAD: .head
        case HTTP_PUT: .put
        case HTTP_PATCH: .patch
        case HTTP_DELETE: .delete
        case HTTP_OPTIONS: .options
        case HTTP_TRACE: .trace
        case HTTP_CONNECT: .connect
        default: nil
        }
    }

    struct Callbacks: @unchecked Sendable {
        let settings: UnsafeMutablePointer<llhttp_settings_t>
    }

    /// Made once, read only from then on.
    static let callbacks: Callbacks = {
        let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
        llhttp_settings_init(settings)
        settings.pointee.on_url = { parser, start, count in of(parser) { $0.noteTarget(start!, count) } }
        settings.pointee.on_header_field = { parser, start, count in of(parser) { $0.noteName(start!, count) } }
        settings.pointee.on_header_value = { parser, start, count in of(parser) { $0.noteValue(start!, count) } }
        settings.pointee.on_headers_complete = { parser in of(parser) { $0.headComplete() } }
        settings.pointee.on_body = { parser, start, count in of(parser) { $0.noteBody(start!, count) } }
        settings.pointee.on_chunk_extension_name = { parser, _, count in of(parser) { $0.noteExtension(count) } }
        settings.pointee.on_chunk_extension_value = { parser, _, count in of(parser) { $0.noteExtension(count) } }
        settings.pointee.on_chunk_header = { parser in of(parser) { $0.chunkHeader() } }
        settings.pointee.on_message_complete = { parser in of(parser) { $0.complete() } }
        return Callbacks(settings: settings)
    }()
}

@inline(__always)
private func of(_ parser: UnsafeMutablePointer<llhttp_t>?, _ body: (RequestParser) -> Int32) -> Int32 {
    Unmanaged<RequestParser>.fromOpaque(parser!.pointee.data)._withUnsafeGuaranteedRef { body($0) }
}
