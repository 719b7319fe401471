/// The way to one engine: requests under a deadline, in the version that both sides speak.
@Loop
final class DockerLink {
    typealias Send = @Loop (HTTPRequest) async throws -> WorldAnswer
    typealias Connect = @Loop () async throws -> any ByteTransport

    let address: DockerAddress
    let patience: DockerPatience
    /// Whether the version is agreed upon; else paths go without, and mean the engine's own.
    private let negotiates: Bool
    private let send: Send
    private let connect: Connect?
    private var agreed: DockerVersion?

    init(
        _ address: DockerAddress, _ patience: DockerPatience, negotiates: Bool, send: @escaping Send,
        connect: Connect? = nil
    ) {
        self.address = address
        self.patience = patience
        self.negotiates = negotiates
        self.send = send
        self.connect = connect
    }

    // MARK: the version

    /// The lower of ours and the engine's.
    func version() async throws -> DockerVersion {
        guard negotiates else { return DockerVersion.newest }
        if let agreed { return agreed }
        let call = DockerCall(.get, "/_ping", "say its version", limit: patience.look)
        let (headers, _) = try await whole(call, try request(call, prefix: ""))
        // Docker has sent it since 2016; what answers without is something else, or a proxy that drops it.
        let theirs = headers["api-version"].flatMap { DockerVersion($0) } ?? DockerVersion.oldest
        guard theirs >= DockerVersion.oldest else {
            throw Fault(
                .unavailable, "\(address.name) speaks API \(theirs), and Perigee needs \(DockerVersion.oldest)",
                hint: "update Docker to 19.03 or later", isRetryable: false)
        }
        let version = min(theirs, DockerVersion.newest)
        agreed = version
        return version
    }

    private func prefix() async throws -> String { negotiates ? "/v\(try await version())" : "" }

    // MARK: calls

    /// Asks and reads the whole answer; what went wrong is thrown.
    @discardableResult
    func ask(_ call: DockerCall) async throws -> JSONView {
        let (_, body) = try await whole(call, try request(call, prefix: try await prefix()))
        return DockerLink.parsed(body)
    }

    /// The same of a list, which may be long: a thousand containers are a megabyte, and would hold up everybody else.
    func list<Item: Sendable>(_ call: DockerCall, _ item: @escaping @Sendable (JSONView) -> Item) async throws -> [Item]
    {
        let (_, body) = try await whole(call, try request(call, prefix: try await prefix()))
        guard body.count > DockerLink.readHere else { return DockerLink.parsed(body).elements.map(item) }
        return try await BlockingPool.shared.run("reading a list of Docker's") {
            DockerLink.parsed(body).elements.map(item)
        }
    }

    private static let readHere = 64 << 10

    private nonisolated static func parsed(_ body: [UInt8]) -> JSONView {
        guard !body.isEmpty else { return JSONView.missing }
        do {
            return try JSON.parse(body)
        } catch {
            // Some calls answer with a word, as ping does.
            return JSONView.missing
        }
    }

    /// Asks and returns when the head is there; the body is pulled, each piece within `idle`.
    func begin(_ call: DockerCall, idle: Duration?) async throws -> DockerBody {
        let request = try request(call, prefix: try await prefix())
        let limit = call.limit ?? patience.look
        let answer = try await bounded(call, limit) { [send] in try await send(request) }
        guard isGood(answer.status) else {
            let body = try await bounded(call, limit) { try await DockerLink.collect(answer, limit: 64 << 10) }
            throw DockerFaults.refused(call, status: answer.status, body, address)
        }
        return DockerBody(answer, call, idle: idle, self)
    }

    private func whole(_ call: DockerCall, _ request: HTTPRequest) async throws -> (Headers, [UInt8]) {
        let (answer, body) = try await bounded(call, call.limit ?? patience.look) { [send] in
            let answer = try await send(request)
            return (answer, try await DockerLink.collect(answer, limit: 64 << 20))
        }
        guard isGood(answer.status) else {
            let fault = DockerFaults.refused(call, status: answer.status, body, address)
            // Another version answers than the one that was asked.
            if fault.message.contains("client version") { agreed = nil }
            throw fault
        }
        return (answer.headers, body)
    }

    /// 304 says that it is so already.
    private func isGood(_ status: Int) -> Bool { (200..<300).contains(status) || status == 304 || status == 101 }

    func bounded<Value>(
        _ call: DockerCall, _ limit: Duration, _ body: @Loop () async throws -> Value
    ) async throws -> Value {
        let outer = Deadline.current
        do {
            return try await Deadline.within(limit, body)
        } catch {
            let fault = Fault(error)
            // Whoever answers next may be another version of it.
            if fault.kind == .unavailable { agreed = nil }
            if fault.kind == .timeout, let outer, Instant.clock >= outer { throw fault }
            throw DockerFaults.silent(call, fault, after: limit, address)
        }
    }

    private func request(_ call: DockerCall, prefix: String) throws -> HTTPRequest {
        var address = try WebAddress(self.address.base.origin + prefix + call.path)
        if !call.query.isEmpty { address = address.adding(query: call.query) }
        var request = HTTPRequest(call.method, address)
        request.unixPath = self.address.unixPath
        request.guarding = .open
        request.decompresses = false
        request.deadlines = HTTPDeadlines(connect: .seconds(5), head: nil, idle: nil)
        switch call.body {
        case .none: break
        case .json(let value):
            request.headers.add("Content-Type", "application/json")
            request.body = .bytes(try JSON.encode(value))
        case .raw(let body, let type):
            request.headers.add("Content-Type", type)
            request.body = body
        }
        return request
    }

    static func collect(_ answer: WorldAnswer, limit: Int) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try await answer.next() {
            guard all.count + piece.count <= limit else {
                throw Fault(.tooLarge, "an answer of Docker is larger than \(Units.describe(bytes: limit))")
            }
            all += piece
        }
        return all
    }

    // MARK: streams in both directions

    /// Turns the connection of a call into a stream of bytes, as attaching does.
    func hijack(_ call: DockerCall) async throws -> any ByteTransport {
        guard let connect else {
            throw Fault(.invalidInput, "\(address.name): there is no way to \(call.subject) here")
        }
        let target = try request(call, prefix: try await prefix()).address.target
        return try await bounded(call, call.limit ?? patience.look) {
            let transport = try await connect()
            let opening = DockerOpening(transport: transport, call: call, address: address)
            try await opening.value("\(call.method.rawValue) \(target) HTTP/1.1", host: address.base.authority)
            return transport
        }
    }
}
