/// Other servers as a spec makes them up: answers that wait for their requests, and a note of every request.
@Loop
public final class FakeHTTP: WorldHTTP {
    public struct Sent: Sendable {
        public let method: String
        public let url: String
        public let headers: Headers
        public let body: [UInt8]
        public let unixPath: String?
    }

    private struct Rule {
        let method: String
        let url: String
        var answers: [FakeAnswer]
    }

    /// All that came, answered or not.
    public private(set) var requests: [Sent] = []
    /// Those that nobody had an answer for, as "GET https://…": a spec that leaves any has failed.
    public private(set) var unanswered: [String] = []
    /// Answers whose body has neither ended nor been given up.
    public private(set) var open = 0
    private var rules: [Rule] = []

    public init() {}

    /// Answers requests with this method and address, one answer for each, in order. `*` is any method, and any text
    /// in an address; an address without `?` stands for itself with any query. Redirects are answers like any other.
    public func reply(_ method: String, _ url: String, _ answers: [FakeAnswer]) {
        rules.append(Rule(method: method, url: url, answers: answers))
    }

    public func send(_ request: HTTPRequest) async throws -> WorldAnswer {
        let sent = Sent(
            method: request.method.rawValue, url: "\(request.address)", headers: request.headers,
            body: try await FakeHTTP.bytes(of: request.body), unixPath: request.unixPath)
        requests.append(sent)
        // Like the real world it lets others go first, and does nothing for a caller that has gone.
        await Loop.yield()
        if Task.isCancelled { throw Fault.cancelled }
        guard let place = rules.firstIndex(where: { !$0.answers.isEmpty && FakeHTTP.matches($0, sent) }) else {
            unanswered.append("\(sent.method) \(sent.url)")
            throw Fault(
                .internal, "nobody answers \(sent.method) \(sent.url) in this spec",
                hint: "answer it first: http.reply(\"\(sent.method)\", \"\(sent.url)\", { status = 200 })")
        }
        let answer = rules[place].answers.removeFirst()
        guard let status = answer.status else { return try await answer.end() }
        let body = FakeBody(answer) { [weak self] in self?.open -= 1 }
        open += 1
        return WorldAnswer(status: status, headers: answer.headers, address: request.address) { try await body.next() }
    }

    private static func bytes(of body: HTTPRequest.Body) async throws -> [UInt8] {
        switch body {
        case .none: return []
        case .bytes(let bytes): return bytes
        case .stream(_, let produce):
            var all: [UInt8] = []
            while let piece = try await produce() { all += piece }
            return all
        }
    }

    private static func matches(_ rule: Rule, _ sent: Sent) -> Bool {
        guard rule.method == "*" || rule.method == sent.method else { return false }
        let url = rule.url.contains("?") ? sent.url : String(sent.url.prefix { $0 != "?" })
        return matches(Array(rule.url.utf8)[...], Array(url.utf8)[...])
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            return (text.startIndex...text.endIndex).contains { matches(pattern.dropFirst(), text[$0...]) }
        }
        return text.first == first && matches(pattern.dropFirst(), text.dropFirst())
    }
}

/// One made-up answer.
public struct FakeAnswer: Sendable {
    public enum Ending: Sendable {
        case whole
        /// It breaks off.
        case broken(Fault)
        /// Nothing more comes, until the caller gives up.
        case silent
    }

    /// Nil when no answer comes: then the ending says what happens instead.
    public var status: Int?
    public var headers: Headers
    /// The body, as it comes.
    public var pieces: [[UInt8]]
    public var ending: Ending

    public init(
        _ status: Int? = 200, headers: Headers = Headers(), pieces: [[UInt8]] = [], ending: Ending = .whole
    ) {
        self.status = status
        self.headers = headers
        self.pieces = pieces
        self.ending = ending
    }

    /// A body in one piece.
    public init(_ status: Int = 200, headers: Headers = Headers(), text: String) {
        self.init(status, headers: headers, pieces: [Array(text.utf8)])
    }

    /// No answer, but this.
    public static func failure(_ fault: Fault) -> FakeAnswer { FakeAnswer(nil, ending: .broken(fault)) }

    @Loop
    fileprivate func end() async throws -> WorldAnswer {
        switch ending {
        case .broken(let fault): throw fault
        case .whole: throw Fault(.unavailable, "the server closed the connection without an answer")
        case .silent: return try await Waiter<WorldAnswer>("the answer").value()
        }
    }
}

/// The body of a made-up answer, which notices when it has ended or nobody has it any more.
@Loop
private final class FakeBody {
    private var pieces: ArraySlice<[UInt8]>
    private let ending: FakeAnswer.Ending
    private var onEnd: (@Loop @Sendable () -> Void)?

    init(_ answer: FakeAnswer, _ onEnd: @escaping @Loop @Sendable () -> Void) {
        pieces = answer.pieces[...]
        ending = answer.ending
        self.onEnd = onEnd
    }

    isolated deinit { end() }

    func next() async throws -> [UInt8]? {
        await Loop.yield()
        if Task.isCancelled { throw Fault.cancelled }
        if let piece = pieces.popFirst() { return piece }
        if case .silent = ending { return try await Waiter<[UInt8]?>("the next piece of an answer's body").value() }
        end()
        if case .broken(let fault) = ending { throw fault }
        return nil
    }

    private func end() {
        onEnd?()
        onEnd = nil
    }
}
