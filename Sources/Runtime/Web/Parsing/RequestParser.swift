import CHTTP

/// Bytes in, parts of requests out, with no socket, clock or loop. llhttp reads; the guard before it and the check
/// behind it refuse what could be read in two ways.
final class RequestParser {
    enum Event: Equatable {
        /// All bytes are used; the message goes on.
        case more
        /// The head stands in `bytes`, `fields` and `check`; a body follows when `hasBody`.
        case head
        /// The message has ended, with `trailers` if it had some.
        case end
        case refused(Refusal)
    }

    struct Limits {
        var requestLine = 8 << 10
        var head = 32 << 10
        var fields = 100
        var extensions = 4 << 10
        var trailers = 8 << 10
    }

    enum Phase { case head, body, trailers, ended, broken }

    // One head, until the connection takes it.
    var bytes: [UInt8] = []
    var fields: [Headers.Field] = []
    var method: Method?
    var minorVersion: UInt8 = 1
    var keepsAlive = true
    var hasBody = false
    var isChunked = false
    var contentLength = 0
    var target = RequestTarget()
    var requestID: Headers.Field?
    var expectsContinue = false

    /// Body bytes that came with the last steps, until the connection takes them.
    var body: [UInt8] = []
    /// Throw the body away, and only count it.
    var discardsBody = false
    var discarded = 0

    let limits: Limits
    var phase = Phase.head
    private var headGuard = HeadGuard.head
<<<<<<< HEAD
    private let llhttp: UnsafeMutablePointer<llhttp_t>
    private var base: UnsafePointer<CChar>?
    private var whole = HeadSlice()
    private var extensions = 0
    private var refusal: Refusal?
=======
    let llhttp: UnsafeMutablePointer<llhttp_t>
    var base: UnsafePointer<CChar>?
    var whole = Span()
    var extensions = 0
    var refusal: Refusal?
>>>>>>> room/web

    init(limits: Limits) {
        self.limits = limits
        llhttp = .allocate(capacity: 1)
        prepare()
    }

    deinit { llhttp.deallocate() }

    /// No byte of a request has come, empty lines apart.
    var isBetweenMessages: Bool { phase == .head && headGuard.isBeforeFirst }
    var isInHead: Bool { phase == .head }

    /// Begins the next message of the connection.
    func next() {
        phase = .head
        headGuard = .head
        if !bytes.isEmpty { bytes.removeAll(keepingCapacity: bytes.capacity <= 4096) }
        fields.removeAll(keepingCapacity: true)
        body = []
        discardsBody = false
        discarded = 0
        extensions = 0
    }

    /// Reads until the input or a part of the message ends; says how much it used.
    func step(_ input: UnsafeBufferPointer<UInt8>) -> (used: Int, event: Event) {
        switch phase {
        case .head: stepHead(input)
        case .body: stepBody(input)
        case .trailers: stepTrailers(input)
        case .ended, .broken: (0, .end)
        }
    }

    // MARK: head

    private func stepHead(_ input: UnsafeBufferPointer<UInt8>) -> (Int, Event) {
        let (used, outcome) = scan(input, limit: limits.head)
        if case .malformed(let reason) = outcome { return (used, refuse(Refusal(400, reason))) }
        if headGuard.firstLine > limits.requestLine {
            return (used, refuse(Refusal(414, "the request line is too long")))
        }
        if bytes.count + used > limits.head { return (used, refuse(Refusal(431, "the head is too large"))) }
        if headGuard.isBeforeFirst {
            bytes.removeAll(keepingCapacity: true)
            return (used, .more)
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: input[..<used]))
        return (used, outcome == .complete ? parseHead() : .more)
    }

    /// Looks one byte beyond a limit and no further, so that the same fault is found first wherever the input is split.
    private func scan(_ input: UnsafeBufferPointer<UInt8>, limit: Int) -> (Int, HeadGuard.Outcome) {
        var used = 0
        while used < input.count {
            var room = limit - bytes.count - used + 1
            if headGuard.isInFirstLine { room = min(room, limits.requestLine - headGuard.firstLine + 1) }
            if room <= 0 { break }
            let piece = UnsafeBufferPointer(rebasing: input[used..<min(input.count, used + room)])
            let (count, outcome) = headGuard.scan(piece)
            used += count
            if outcome != .more { return (used, outcome) }
        }
        return (used, .more)
    }

    private func parseHead() -> Event {
        prepare()
        let result = parseGathered()
        if let refusal { return refuse(refusal) }
        switch result {
        case HPE_PAUSED:
            llhttp_resume(llhttp)
            phase = hasBody ? .body : .ended
            return .head
        case HPE_INVALID_VERSION, HPE_PAUSED_H2_UPGRADE:
            return refuse(Refusal(505, "only HTTP/1.0 and HTTP/1.1 are spoken here"))
        case HPE_INVALID_METHOD:
            return refuse(Refusal(400, "the method is no known one"))
        default:
            return refuse(Refusal(400, "the head is malformed"))
        }
    }

    private func prepare() {
        llhttp_init(llhttp, HTTP_REQUEST, RequestParser.callbacks.settings)
        llhttp.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    /// Gives llhttp the whole of `bytes`. The array is not touched meanwhile: callbacks note places in it.
    private func parseGathered() -> llhttp_errno {
        refusal = nil
        let (start, count) = bytes.withUnsafeBufferPointer { ($0.baseAddress, $0.count) }
        guard let start else { return HPE_INTERNAL }
        return withExtendedLifetime(bytes) {
            start.withMemoryRebound(to: CChar.self, capacity: count) { start in
                base = start
                defer { base = nil }
                return llhttp_execute(llhttp, start, count)
            }
        }
    }

    // MARK: body and trailers

    private func stepBody(_ input: UnsafeBufferPointer<UInt8>) -> (Int, Event) {
        guard let start = input.baseAddress else { return (0, .more) }
        return start.withMemoryRebound(to: CChar.self, capacity: input.count) { start in
            let result = llhttp_execute(llhttp, start, input.count)
            if result == HPE_OK { return (input.count, .more) }
            if let refusal { return (input.count, refuse(refusal)) }
            guard result == HPE_PAUSED else { return (input.count, refuse(Refusal(400, "the body is malformed"))) }
            let used = llhttp_get_error_pos(llhttp).map { $0 - start } ?? input.count
            llhttp_resume(llhttp)
            if phase == .ended { return (used, .end) }
            phase = .trailers
            headGuard = .trailers
            bytes.removeAll(keepingCapacity: true)
            fields.removeAll(keepingCapacity: true)
            let (more, event) = stepTrailers(UnsafeBufferPointer(rebasing: input[used...]))
            return (used + more, event)
        }
    }

    private func stepTrailers(_ input: UnsafeBufferPointer<UInt8>) -> (Int, Event) {
        let (used, outcome) = scan(input, limit: limits.trailers)
        if case .malformed(let reason) = outcome { return (used, refuse(Refusal(400, reason))) }
        if bytes.count + used > limits.trailers { return (used, refuse(Refusal(431, "the trailers are too large"))) }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: input[..<used]))
        guard outcome == .complete else { return (used, .more) }
        let result = parseGathered()
        if let refusal { return (used, refuse(refusal)) }
        if namesFraming { return (used, refuse(Refusal(400, "a trailer would frame the message"))) }
        guard result == HPE_PAUSED, phase == .ended else {
            return (used, refuse(Refusal(400, "the trailers are malformed")))
        }
        return (used, .end)
    }

    private var namesFraming: Bool {
        let trailers = Headers(bytes: bytes, fields: fields)
        return trailers.contains("content-length") || trailers.contains("transfer-encoding")
            || trailers.contains("host")
    }

    private func refuse(_ refusal: Refusal) -> Event {
        phase = .broken
        return .refused(refusal)
    }
}
<<<<<<< HEAD

// MARK: what llhttp calls

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

    private struct Callbacks: @unchecked Sendable {
        let settings: UnsafeMutablePointer<llhttp_settings_t>
    }

    /// Made once, read only from then on.
    private static let callbacks: Callbacks = {
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
=======
>>>>>>> room/web
