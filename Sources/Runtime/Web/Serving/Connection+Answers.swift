/// From requests to answers.
extension Connection {
    func run(_ route: Route, _ request: Request) {
        switch route.action {
        case .plain(let handler):
            RequestID.plain = request
            let result = Result { try handler(request) }
            RequestID.plain = nil
            switch result {
            case .success(let response): answer(response, to: request)
            case .failure(let error): answer(failed(error, request), to: request)
            }
        case .task(let handler):
            state.answering = .thinking
            task = spawn("request", request) { [self] in
                // What thinking needed is gone from memory while the stream lasts.
                if let body = await think(handler, request) { await stream(body, request) }
            }
        }
    }

    /// The id is bound while the task is made, not in it: that saves the task a frame.
    private func spawn(
        _ name: String, _ request: Request, _ body: @escaping @Loop () async throws -> Void
    ) -> Task<Void, Never> {
        RequestID.$inherited.withValue(request.id) { server.scope.spawn(name, body) }
    }

    private typealias StreamBody = @Loop (ResponseWriter) async throws -> Void

    /// Answers, or begins a stream and returns what is to be run.
    private func think(_ handler: Handler, _ request: Request) async -> StreamBody? {
        let result: Result<Response, any Error>
        do { result = .success(try await handler(request)) } catch { result = .failure(error) }
        guard self.request === request else { return nil }
        switch result {
        case .failure(let error):
            answer(failed(error, request), to: request)
            return nil
        case .success(let response):
            let response = prepared(response, request)
            guard case .stream(let body) = response.body else {
                send(response, request)
                return nil
            }
            return beginStream(response, request) == nil ? nil : body
        }
    }

    private func stream(_ body: StreamBody, _ request: Request) async {
        guard let writer else { return }
        do {
            try await body(writer)
            if self.request === request { end(whole: true) }
        } catch {
            guard self.request === request else { return }
            server.tell(Fault(error), request)
            end(whole: false)
        }
    }

    private func failed(_ error: any Error, _ request: Request) -> Response {
        var fault = Fault(error)
        if fault.kind == .cancelled, !request.isGone {
            fault = Fault(.unavailable, "the request was cancelled: the server is shutting down")
            state.isLast = true
        }
        server.tell(fault, request)
        return server.router.answer(fault, to: request)
    }

    // MARK: answers

    func answer(_ response: consuming Response, to request: Request) {
        send(prepared(response, request), request)
    }

    private func prepared(_ response: consuming Response, _ request: Request) -> Response {
        server.router.adjust(&response, for: request)
        Compression.apply(to: &response, request)
        if let name = response.headers.refusal {
            let fault = Fault(.internal, "the field \(name) of the answer has bytes that no field may have")
            server.tell(fault, request)
            return .problem(fault)
        }
        guard case .upgrade = response.body, request.minorVersion == 0 || state.receiving != .whole else {
            return response
        }
        return .problem(Fault(.invalidInput, "an upgrade needs HTTP/1.1 and a request without a body"))
    }

    private func send(_ response: Response, _ request: Request) {
        switch response.body {
        case .empty:
            _ = writeHead(response, request)
            answerEnded()
        case .bytes(let bytes):
            _ = writeHead(response, request)
            if request.method != .head, status >= 200, status != 204, status != 304 {
                bytes.withUnsafeBytes { output.append($0) }
                answered += bytes.count
            }
            answerEnded()
        case .stream(let body):
            guard beginStream(response, request) != nil else { return }
            task = spawn("stream", request) { [self] in await stream(body, request) }
        case .source(let wire):
            // It ends now, and what it needed is in memory as long as somebody holds it.
            task = nil
            if let writer = beginStream(response, request) { wire(writer) }
        case .upgrade(let take):
            _ = writeHead(response, request)
            state.answering = .streaming
            upgrading = take
            settleSoon()
        }
    }

    private func beginStream(_ response: Response, _ request: Request) -> ResponseWriter? {
        state.framing = writeHead(response, request)
        if state.framing == .none {
            answerEnded()
            return nil
        }
        if state.framing == .untilClose { state.isLast = true }
        state.answering = .streaming
        let writer = ResponseWriter(self)
        self.writer = writer
        return writer
    }

    private func writeHead(_ response: Response, _ request: Request) -> ConnectionState.Framing {
        let body = request.body
        state.beginAnswer(unread: body.expectedCount.map { $0 - bodyBytes }, discardLimit: server.settings.discard)
        parser.discardsBody = state.discards
        if server.isDraining { state.isLast = true }
        status = response.status
        settleSoon()
        let head = ResponseHead(
            status: status, minorVersion: request.minorVersion, isHead: request.method == .head, closes: state.isLast)
        return head.write(response, date: server.clockLine.bytes, id: request, into: &output)
    }

    /// The last byte of the answer is queued.
    private func answerEnded() {
        if let request {
            server.ended(request, status: status, bytes: answered, isCancelled: false)
            if !request.body.isEnded { request.body.finish(.failure(Connection.answeredAlready)) }
            if state.receiving == .whole || state.isLast { server.recycle(request) }
        }
        (request, route, task, answered) = (nil, nil, nil, 0)
        switch state.answerEnded(hasPending: !pending.isEmpty || hasMoreInput) {
        case .nextRequest: nextRequest()
        case .restOfBody: wantsInput = true
        case .close(let lingers): beginClosing(lingers: lingers)
        }
    }

    func nextRequest() {
        state.beginNext()
        parser.next()
        if server.isDraining { return beginClosing(lingers: true) }
        if !pending.isEmpty { settleSoon() }
    }

    func beginClosing(lingers: Bool) {
        state.closing = .afterFlush(lingers: lingers)
        pending = []
        settleSoon()
    }

    /// The connection broke: whoever works for the client learns of it.
    func abandonRequest() {
        guard let request else { return }
        let (task, writer) = (task, writer)
        (self.request, self.route, self.task, self.writer, upgrading) = (nil, nil, nil, nil, nil)
        request.isGone = true
        request.body.finish(.failure(ResponseWriter.gone))
        server.ended(request, status: state.answering == .streaming ? status : 499, bytes: answered, isCancelled: true)
        writer?.tellGone()
        task?.cancel()
    }

    private static let answeredAlready = Fault(.cancelled, "the request has been answered already")
}

// MARK: streams

extension Connection: ResponseSink {
    var unsentBytes: Int { output.count }

    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard isOpen, state.answering == .streaming, let request else { return false }
        switch state.framing {
        case .chunked: output.append(chunked: bytes)
        case .untilClose, .none: output.append(bytes)
        case .length(let left):
            guard bytes.count <= left else {
                server.tell(Fault(.internal, "the answer is longer than its Content-Length"), request)
                end(whole: false)
                return false
            }
            state.framing = .length(left - bytes.count)
            output.append(bytes)
        }
        answered += bytes.count
        settleSoon()
        if output.count > Connection.hardLimit {
            close()
            return false
        }
        if output.count < ResponseWriter.highWater { return true }
        owesRoom = true
        return false
    }

    func end(whole: Bool) {
        guard isOpen, state.answering == .streaming else { return }
        output.closeChunk()
        var isWhole = whole
        if case .length(let left) = state.framing, left > 0 { isWhole = false }
        if isWhole, state.framing == .chunked { output.append("0\r\n\r\n") }
        writer?.forget()
        writer = nil
        owesRoom = false
        settleSoon()
        if isWhole { return answerEnded() }
        state.isLast = true
        answerEnded()
        state.closing = .afterFlush(lingers: false)
    }

    private static let hardLimit = 16 << 20
}

// MARK: upgrades

extension Connection {
    /// Gives socket, unsent bytes and what came behind the request to a transport; nothing is left here.
    func handOver() {
        guard let take = upgrading, let request else { return }
        upgrading = nil
        server.ended(request, status: status, bytes: 0, isCancelled: false)
        let transport = SocketTransport(taking: self)
        state.closing = .closed
        (self.request, route, task) = (nil, nil, nil)
        take(transport)
        transport.begin()
    }
}
