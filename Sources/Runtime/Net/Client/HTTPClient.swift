/// HTTP client on the loop: pooled connections, TLS always verified, every wait bounded, public addresses only unless
/// said otherwise.
///
/// An answer that nobody holds any more closes its connection at once. Name lookups run on threads of libcurl's own, one
/// for each name that is looked up at the moment.
@Loop
public final class HTTPClient {
    public let settings: HTTPClientSettings
    /// Hears of every exchange that has ended, well or not.
    public var onEnd: ((TransferRecord) -> Void)?
    let multi: CurlMulti
    let scope = Scope("http client") { _, _ in }
    private(set) var isClosed = false
    var rawConnections: [ObjectIdentifier: RawConnection] = [:]

    public init(_ settings: HTTPClientSettings = HTTPClientSettings()) {
        self.settings = settings
        multi = CurlMulti(settings)
    }

    deinit {
        let multi = multi
        Loop.soon { multi.close(.cancelled) }
    }

    /// Requests on their way and bodies not yet read to their end.
    public var liveTransfers: Int { multi.live.count }

    /// Sends it and returns when the head of the answer is there. Any status is an answer; a fault is that none came.
    public func send(_ request: HTTPRequest) async throws -> HTTPAnswer {
        if Task.isCancelled { throw Fault.cancelled }
        let waiter = Waiter<HTTPAnswer>("\(request.subject): the answer")
        let exchange = start(request) { result in waiter.finish(result.mapError { $0 }) }
        do {
            return try await waiter.value()
        } catch {
            exchange.cancel()
            throw Fault(error)
        }
    }

    /// The same without a task: `onAnswer` is called once, perhaps before this returns.
    @discardableResult
    public func start(
        _ request: HTTPRequest, onAnswer: @escaping (Result<HTTPAnswer, Fault>) -> Void
    ) -> HTTPExchange {
        let exchange = HTTPExchange(self, request, onAnswer)
        if isClosed {
            exchange.fail(Fault(.unavailable, "\(request.subject): the client is closed"))
        } else {
            exchange.begin()
        }
        return exchange
    }

    /// Breaks off what still runs, opened connections included, and closes the pool.
    public func close() async {
        isClosed = true
        for connection in rawConnections.values { connection.lose() }
        multi.close(Fault(.cancelled, "the HTTP client closes"))
        await scope.close()
    }
}

/// A request, its redirects, and the answer's body on its way.
@Loop
public final class HTTPExchange: TransferOwner {
    private let client: HTTPClient
    private let began = Instant.clock
    private var request: HTTPRequest
    private var transfer: Transfer?
    /// The next hop, once the body of this one is out of the way.
    private var following: HTTPRequest?
    private var redirects = 0
    private var discarded = 0
    private var onAnswer: ((Result<HTTPAnswer, Fault>) -> Void)?
    private var isEnded = false
    let pipe = BodyPipe()

    /// A longer body of a redirect is not worth the connection.
    private static let discardLimit = 64 << 10

    init(
        _ client: HTTPClient, _ request: HTTPRequest, _ onAnswer: @escaping (Result<HTTPAnswer, Fault>) -> Void
    ) {
        self.client = client
        self.request = request
        self.onAnswer = onAnswer
        pipe.onRoom = { [weak self] in self?.transfer?.resume() }
    }

    /// Breaks it off: the connection closes, and whoever waits gets `.cancelled`. Nothing happens after the end.
    public func cancel() { fail(.cancelled) }

    func begin() {
        let guarding = request.guarding ?? client.settings.guarding
        guard request.unixPath != nil || !guarding.refuses(literal: request.address.host) else {
            return fail(
                Fault(
                    .denied, "\(request.subject): \(request.address.host) is no public address",
                    hint: AddressGuard.advice))
        }
        guard request.method != .connect, request.method != .trace else {
            return fail(Fault(.invalidInput, "\(request.subject): the client does not send \(request.method.rawValue)"))
        }
        do {
            let transfer = try Transfer(client.multi, request, client.settings, totalFrom: began, owner: self)
            self.transfer = transfer
            if case .stream(let length, let produce) = request.body {
                let upload = Upload(transfer, length: length, produce)
                transfer.upload = upload
                upload.start(in: client.scope)
            }
            transfer.start()
        } catch {
            fail(Fault(error))
        }
    }

    func fail(_ fault: Fault) {
        guard !isEnded else { return }
        transfer?.cancel()
        end(fault)
    }

    // MARK: the transfer's word

    func transferHasHead(_ transfer: Transfer) {
        let head = transfer.head
        let limit = request.redirects ?? client.settings.redirects
        let decision = RedirectRule.decide(
            request, status: head.status, location: head.headers.all("location"), hops: redirects, limit: limit)
        switch decision {
        case .answer: answer(transfer)
        case .refuse(let fault): fail(fault)
        case .follow(let next):
            following = next
            pipe.discard()
            transfer.resume()
        }
    }

    func transfer(_ transfer: Transfer, received bytes: UnsafeRawBufferPointer) -> Bool {
        guard following != nil else { return pipe.take(bytes) }
        discarded += bytes.count
        if discarded > HTTPExchange.discardLimit {
            transfer.cancel()
            follow()
        }
        return true
    }

    func transfer(_ transfer: Transfer, ended fault: Fault?) {
        if let fault {
            end(fault)
        } else if following != nil {
            follow()
        } else if onAnswer != nil {
            // To curl a head that breaks off is a complete answer.
            end(Fault(.unavailable, "\(request.subject): the answer broke off in its head"))
        } else {
            end(nil)
        }
    }

    private func follow() {
        guard let next = following else { return }
        following = nil
        redirects += 1
        discarded = 0
        request = next
        begin()
    }

    private func answer(_ transfer: Transfer) {
        let told = onAnswer
        onAnswer = nil
        var headers = transfer.head.headers
        if request.decompresses, headers.contains("content-encoding") {
            // Both speak of the body as it was sent, which nobody sees.
            headers.remove("content-encoding")
            headers.remove("content-length")
        }
        told?(
            .success(
                HTTPAnswer(
                    status: transfer.head.status, headers: headers, address: request.address, redirects: redirects,
                    timings: transfer.timings, body: HTTPBody(self))))
    }

    private func end(_ fault: Fault?) {
        guard !isEnded else { return }
        isEnded = true
        let told = onAnswer
        onAnswer = nil
        if let transfer { client.onEnd?(record(transfer, fault)) }
        transfer = nil
        if let fault {
            told?(.failure(fault))
            pipe.finish(.failure(fault))
        } else {
            pipe.finish(.success(()))
        }
    }

    private func record(_ transfer: Transfer, _ fault: Fault?) -> TransferRecord {
        TransferRecord(
            method: request.method, host: request.address.authority, status: transfer.head.status,
            bytesReceived: transfer.received, bytesSent: transfer.sent, redirects: redirects,
            timings: transfer.timings, failure: fault?.kind)
    }

    /// Nobody holds the body any more.
    func abandon() {
        if !pipe.isDelivering { cancel() }
    }

    func resume() { transfer?.resume() }
}
