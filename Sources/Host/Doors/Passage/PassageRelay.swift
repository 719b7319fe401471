import Runtime

/// Carries one call over HTTP: body in, answer out, each no faster than the other side takes it.
@Loop
struct PassageRelay {
    let client: HTTPClient
    let lease: PassageLease
    let workspace: String
    let directory: String

    /// A turn of the agent may take this long; the client may leave at any time.
    private nonisolated static let turn = Duration.seconds(6 * 3600)
    private nonisolated static let call = Duration.seconds(120)
    /// Streams of events beat every few seconds; very old servers do not, so that this is generous.
    private nonisolated static let silence = Duration.seconds(600)
    private nonisolated static let eventLimit = 16 << 20

    func response(to request: Request, _ outgoing: HTTPRequest, _ rule: PassageRule) async throws -> Response {
        var outgoing = outgoing
        outgoing.decompresses = false
        outgoing.deadlines = HTTPDeadlines(
            head: rule.isSlow ? PassageRelay.turn : PassageRelay.call, idle: PassageRelay.silence)
        let body = request.body
        if body.expectedCount != 0 {
            outgoing.body = .stream(length: body.expectedCount) { try await body.next() }
        }
        let answer: HTTPAnswer
        do {
            answer = try await client.send(outgoing)
        } catch {
            // A client that leaves, or sends too much, is not the server's failing.
            if Task.isCancelled || request.isClientGone { throw Fault.cancelled }
            if [.tooLarge, .invalidInput].contains(Fault(error).kind) { throw error }
            throw RunnerGone(error)
        }
        if answer.status == 401 {
            throw RunnerGone(
                Fault(
                    .unauthenticated, "it wants another user or password",
                    hint: "the owner sets OPENCODE_SERVER_USERNAME and OPENCODE_SERVER_PASSWORD"))
        }
        return try await passed(answer, request, rule)
    }

    private func passed(_ answer: HTTPAnswer, _ request: Request, _ rule: PassageRule) async throws -> Response {
        let isRead = rule.answer.isRead && 200...299 ~= answer.status
        let headers = PassageHeaders.answer(answer.headers, isRead: isRead)
        if request.method == .head || [204, 205, 304].contains(answer.status) {
            return Response(answer.status, headers)
        }
        guard isRead else { return Response(answer.status, headers, body: .source(source(answer.body))) }
        if rule.answer == .events { return events(answer, headers) }
        let bytes: [UInt8]
        do {
            bytes = try await answer.body.collect(limit: PassageAnswer.limit)
            let (how, workspace) = (rule.answer, workspace)
            // Lists of providers have megabytes.
            let rewritten = try await BlockingPool.shared.run("an answer of the agent's server") {
                try PassageAnswer.rewritten(bytes, how, in: workspace)
            }
            return Response(answer.status, headers, body: .bytes(rewritten))
        } catch {
            if Task.isCancelled { throw Fault.cancelled }
            throw RunnerGone(error)
        }
    }

    /// From socket to socket, without a task.
    private func source(_ body: HTTPBody) -> @Loop (ResponseWriter) -> Void {
        { [lease] writer in
            writer.onRoom = { body.resume() }
            writer.onGone = { body.cancel() }
            body.deliver(
                onBytes: { writer.writeNow($0) },
                onEnd: { fault in
                    withExtendedLifetime(lease) {}
                    if fault == nil { writer.end() } else { writer.fail() }
                })
        }
    }

    private func events(_ answer: HTTPAnswer, _ headers: Headers) -> Response {
        Response.stream(answer.status, headers) { [lease, workspace] writer in
            defer { withExtendedLifetime(lease) {} }
            let events = answer.body.events(limit: PassageRelay.eventLimit)
            while let event = try await events.next() {
                guard try PassageAnswer.isOwn(JSON.parse(event.data), in: workspace) else { continue }
                // These servers send the data alone, on one line.
                try await writer.write("data: \(event.text)\n\n")
            }
        }
    }
}
