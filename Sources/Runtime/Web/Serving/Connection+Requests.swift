/// From bytes to requests.
extension Connection {
    /// Whether bytes may be parsed now: the requests before have been answered, and what they become has a place.
    var canParse: Bool {
        guard state.closing == .no else { return false }
        switch state.receiving {
        case .head: return state.answering == .nothing && output.count < ResponseWriter.highWater
        case .body:
            guard !state.discards, let body = request?.body else { return true }
            return !body.isEnded && (isCollecting || body.buffered < RequestBody.highWater)
        case .whole: return false
        }
    }

    private var isCollecting: Bool { state.answering == .nothing }

    func consume(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes
        while !rest.isEmpty, canParse {
            let (used, event) = parser.step(rest)
            rest = UnsafeBufferPointer(rebasing: rest[used...])
            hasMoreInput = !rest.isEmpty
            switch event {
            case .more: takeBody()
            case .head: headArrived()
            case .end: bodyEnded()
            case .refused(let refusal):
                takeBody()
                if state.closing == .no { refuse(refusal) }
                return
            }
        }
        hasMoreInput = false
        if !rest.isEmpty, state.closing == .no { pending.append(contentsOf: rest) }
    }

    func consumePending() {
        wantsInput = false
        guard !pending.isEmpty, canParse else { return }
        let bytes = pending
        pending = []
        bytes.withUnsafeBufferPointer { consume($0) }
        if state.sawFinish, pending.isEmpty, state.closing == .no { finishSeen() }
    }

    // MARK: the head

    private func headArrived() {
        let request = makeRequest()
        self.request = request
        state.receiving = parser.hasBody ? .body : .whole
        state.minorVersion = parser.minorVersion
        state.awaitsContinue = parser.expectsContinue && parser.hasBody
        served += 1
        state.isLast = !parser.keepsAlive || served >= server.settings.requestsPerConnection || server.isDraining
        (windowStart, bodyBytes) = (0, 0)
        if request.target.form == .asterisk { return answer(server.answerToAsterisk, to: request) }
        switch server.router.match(request) {
        case .route(let route): begin(route, request)
        case .options(let allow): answer(Response(204, ["Allow": allow]), to: request)
        case .wrongMethod(let allow):
            var response = server.router.answer(
                Fault(
                    .invalidInput, "\(request.method.rawValue) is not possible on \(request.path)", hint: "use \(allow)"
                ),
                status: 405, to: request)
            response.headers.set("Allow", allow)
            answer(response, to: request)
        case .nothing:
            answer(
                server.router.answer(Fault(.notFound, "nothing is at \(request.path)"), to: request), to: request)
        }
    }

    private func makeRequest() -> Request {
        let request = server.makeRequest()
        swap(&request.headers.bytes, &parser.bytes)
        swap(&request.headers.fields, &parser.fields)
        request.method = parser.method ?? .get
        request.target = parser.target
        request.minorVersion = parser.minorVersion
        request.givenID = parser.requestID
        request.peer = peer
        request.number = server.nextNumber()
        request.began = Loop.now
        request.trust = server.trust
        return request
    }

    private func begin(_ route: Route, _ request: Request) {
        self.route = route
        guard state.receiving == .body else { return run(route, request) }
        let limit = route.limit ?? server.settings.body
        let expected = parser.isChunked ? nil : parser.contentLength
        request.body.begin(expecting: expected, limit: limit)
        if let expected, expected > limit { return tooLarge(request) }
        switch route.mode {
        case .collected:
            if state.awaitsContinue { sendContinue() }
        case .streamed:
            request.body.onDemand = { [weak self] in self?.bodyDemanded() }
            run(route, request)
        }
    }

    // MARK: the body

    private func takeBody() {
        guard state.receiving == .body else { return }
        if state.discards {
            if parser.discarded > server.settings.discard { beginClosing(lingers: true) }
            return
        }
        guard !parser.body.isEmpty, let request else { return }
        bodyBytes += parser.body.count
        state.awaitsContinue = false
        guard request.body.append(&parser.body) else { return tooLarge(request) }
        request.body.wake()
    }

    private func bodyEnded() {
        takeBody()
        guard state.receiving == .body, state.closing == .no else { return }
        state.receiving = .whole
        if state.discards {
            if state.answering == .nothing { nextRequest() }
            return
        }
        guard let request else { return }
        if !parser.fields.isEmpty { request.body.trailers = Headers(bytes: parser.bytes, fields: parser.fields) }
        request.body.finish()
        if state.answering == .nothing, let route { run(route, request) }
    }

    private func bodyDemanded() {
        if state.awaitsContinue, state.answering == .thinking { sendContinue() }
        wantsInput = true
        settleSoon()
    }

    private func sendContinue() {
        state.awaitsContinue = false
        output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// A handler that runs already sees it at its next read, and answers; nothing more is read until then.
    private func tooLarge(_ request: Request) {
        let fault = RequestBody.tooLarge(request.body.limit)
        request.body.finish(.failure(fault))
        state.isLast = true
        if state.answering == .nothing {
            answer(server.router.answer(fault, to: request), to: request)
        } else if state.answering == .streaming {
            close()
        }
    }

    // MARK: refusals

    /// Answers a request that never reached a handler, and closes.
    func refuse(_ refusal: Refusal) {
        state.isLast = true
        if state.answering == .streaming { return close() }
        request?.body.finish(.failure(refusal.fault))
        let request = self.request ?? Request()
        if self.request == nil {
            request.number = server.nextNumber()
            request.began = Loop.now
            request.peer = peer
            self.request = request
        }
        // Where the faulty message ends is not known.
        state.receiving = .body
        if state.answering == .thinking { task?.cancel() }
        state.answering = .nothing
        var response = Response.problem(refusal.fault, status: refusal.status)
        if refusal.status == 405 { response.headers["Allow"] = Method.served }
        answer(response, to: request)
    }
}
