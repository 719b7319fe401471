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
    let llhttp: UnsafeMutablePointer<llhttp_t>
    var base: UnsafePointer<CChar>?
    var whole = HeadSlice()
    var extensions = 0
    var refusal: Refusal?

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
            return refuse(methodRefusal)
        default:
            return refuse(Refusal(400, "the head is malformed"))
        }
    }

    /// What is written like a method may well be one, such as QUERY; all others are no request at all.
    private var methodRefusal: Refusal {
        let word = bytes.drop { $0 == 13 || $0 == 10 }.prefix { 65...90 ~= $0 || $0 == 45 }
        guard (1...32).contains(word.count), bytes[word.endIndex...].first == 32 else {
            return Refusal(400, "the method is no known one")
        }
        return Refusal(405, "this method is served nowhere")
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
