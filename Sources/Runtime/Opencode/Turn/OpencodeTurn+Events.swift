extension OpencodeTurn {
    mutating func apply(_ event: OpencodeEvent.Body, now: Instant, _ effects: inout [Effect]) {
        switch event {
        case .connected, .heartbeat, .disposed: break
        case .session(let info): take(info)
        case .sessionRemoved(let id): if id == session { end(.removed, &effects) }
        case .status(let id, let status): if id == session { take(status, now: now, &effects) }
        case .message(let message): take(message, &effects)
        case .messageRemoved(_, let message): messages[message] = nil
        case .part(let part): take(part, isLive: true, &effects)
        case .delta(_, let message, let part, let field, let text):
            if field == "text" { take(delta: text, of: part, in: message, &effects) }
        case .partRemoved(_, _, let part): texts[part] = nil
        case .failed(let id, let error):
            if id == session { take(error, now: now, &effects) }
        case .asked(let ask): take(ask, &effects)
        case .answered(let id, let ask, let verdict, let answers):
            if verdict == .reject, id == session || children[id] != nil { wasRefused = true }
            settle(ask, verdict, answers, &effects)
        case .todo(let id, let todo): if id == session, own != nil { effects.append(.todo(todo)) }
        case .compacted(let id): if id == session { error = nil }
        }
    }

    private mutating func take(_ info: OpencodeSession) {
        guard let parent = info.parent, own != nil, children[info.id] == nil else { return }
        if parent == session || children[parent] != nil { children.updateValue(nil, forKey: info.id) }
    }

    // MARK: errors

    private mutating func take(_ new: OpencodeError, now: Instant, _ effects: inout [Effect]) {
        // What a prompt is refused for is said twice, the second time with the server's insides.
        if error?.isRefusal != true || !new.isRefusal { error = new }
        guard new.isRefusal else {
            // Some errors come with no word about the status.
            if readDue == nil { readDue = now + .seconds(1) }
            return
        }
        // Nothing more comes of it, so it is looked at once, by a reading that begins after this word.
        if isReading { readDue = now } else { effects += read() }
    }

    // MARK: status

    mutating func take(_ new: OpencodeStatus, now: Instant, _ effects: inout [Effect]) {
        statusMark = mark
        status = new
        guard own != nil else { return }
        switch new {
        case .busy:
            hasBegun = true
            doubtSince = nil
        case .retry: tell(retry: new, &effects)
        case .idle:
            // The end of an earlier turn may come late.
            guard hasBegun else {
                readDue = now + .seconds(1)
                return
            }
            if let last = lastAnswer, last.completed != nil, last.error == nil, let finish = last.finish,
                finish != "tool-calls", last.structured == nil, !texts.values.contains(where: { !$0.isEnded })
            {
                end(.completed(message: last.id, finish: finish), &effects)
            } else {
                // An idle word may come before the last message: what is so is read.
                effects += read()
            }
        }
    }

    mutating func tell(retry status: OpencodeStatus, _ effects: inout [Effect]) {
        guard case .retry(let attempt, let message, let next) = status else { return }
        hasBegun = true
        if attempt != toldRetry {
            toldRetry = attempt
            effects.append(.retrying(attempt: attempt, message: message, next: next))
        }
    }

    // MARK: messages

    mutating func take(_ message: OpencodeMessage, _ effects: inout [Effect]) {
        let isNew = messages[message.id] == nil
        var message = message
        message.parts = []
        messages[message.id] = message
        if message.isUser {
            if own == nil, message.session == session, message.id == wanted.message { adopt(message, &effects) }
            return
        }
        if own == nil, let parent = message.parent, candidates.contains(parent), let user = messages[parent] {
            adopt(user, &effects)
        }
        guard isOurs(message) else { return }
        if message.session == session {
            hasBegun = true
            if isNew { error = nil }
        }
        if message.completed != nil, let tokens = message.tokens, !tokens.isZero,
            !steps.values.contains(where: { $0.message == message.id })
        {
            count(tokens, message.cost, id: message.id, message: message.id, &effects)
        }
    }

    mutating func adopt(_ user: OpencodeMessage, _ effects: inout [Effect]) {
        own = Own(id: user.id, created: user.created)
        effects.append(.prompted(message: user.id))
        if case .busy = status { hasBegun = true }
    }

    /// Whether it is part of this turn: it answers our prompt, or what came after that, such as a message of somebody
    /// else that the server answers in the same turn, or its own after a summary.
    func isOurs(_ message: OpencodeMessage) -> Bool {
        guard let own else { return false }
        if message.session != session { return children[message.session] != nil }
        if message.isUser { return message.id == own.id || message.created >= own.created }
        guard let parent = message.parent else { return message.created >= own.created }
        if parent == own.id { return true }
        if let user = messages[parent] { return user.created >= own.created }
        return message.created >= own.created
    }

    /// The newest answer of the session itself.
    var lastAnswer: OpencodeMessage? {
        messages.values.filter { !$0.isUser && !$0.isSummary && $0.session == session && isOurs($0) }
            .max { ($0.created, $0.id) < ($1.created, $1.id) }
    }

    // MARK: asks

    mutating func take(_ ask: OpencodeAsk, _ effects: inout [Effect]) {
        let isSubtask = ask.session != session
        guard !settled.contains(ask.id), asks[ask.id] == nil, !isSubtask || children[ask.session] != nil else { return }
        asks[ask.id] = Open(ask: ask, mark: mark)
        let tool = tools.values.first { $0.call != nil && $0.call == ask.call }
        effects.append(.ask(ask, tool: tool, isSubtask: isSubtask))
    }

    mutating func settle(
        _ ask: String, _ verdict: OpencodeVerdict?, _ answers: [[String]], _ effects: inout [Effect]
    ) {
        settled.insert(ask)
        if asks.removeValue(forKey: ask) != nil {
            effects.append(.settled(ask: ask, verdict, answers: answers))
        }
    }
}
