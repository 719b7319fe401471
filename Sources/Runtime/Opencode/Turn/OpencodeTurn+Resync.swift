extension OpencodeTurn {
    /// What a session says of itself, read in this order: status, asks, messages. So messages are never older than an
    /// idle status beside them.
    public struct Snapshot: Sendable {
        public var status: OpencodeStatus
        /// Of the session and its subtasks.
        public var asks: [OpencodeAsk]
        /// Oldest first, from the prompt on, or the newest when the prompt is not among them.
        public var messages: [OpencodeMessage]
        /// Of subtasks that this turn has begun.
        public var subtasks: [OpencodeSession]
        public var subtaskMessages: [OpencodeMessage]
        public var todo: [OpencodeTodo]?
        /// `OpencodeTurn.mark` when the reading began.
        public var mark: Int

        public init(
            status: OpencodeStatus, asks: [OpencodeAsk] = [], messages: [OpencodeMessage] = [],
            subtasks: [OpencodeSession] = [], subtaskMessages: [OpencodeMessage] = [], todo: [OpencodeTodo]? = nil,
            mark: Int
        ) {
            self.status = status
            self.asks = asks
            self.messages = messages
            self.subtasks = subtasks
            self.subtaskMessages = subtaskMessages
            self.todo = todo
            self.mark = mark
        }
    }

    /// Whether it is this turn's prompt.
    public func isPrompt(_ message: OpencodeMessage) -> Bool {
        guard message.isUser else { return false }
        if let own { return message.id == own.id }
        if message.id == wanted.message { return true }
        if message.parts.contains(where: { wanted.parts.contains($0.id) }) { return true }
        let words = message.parts.contains {
            if case .text(let text, false) = $0.body { text == wanted.text } else { false }
        }
        return words && !wanted.text.isEmpty && message.created >= wanted.since
    }

    public mutating func resync(_ snapshot: Snapshot, now: Instant) -> [Effect] {
        guard !isEnded else { return [] }
        isReading = false
        lastRead = now
        var effects: [Effect] = []
        if own == nil, let prompt = snapshot.messages.last(where: isPrompt) {
            messages[prompt.id] = prompt
            adopt(prompt, &effects)
        }
        for message in snapshot.messages { take(whole: message, &effects) }
        for subtask in snapshot.subtasks where children[subtask.id] == nil {
            if let own, subtask.created >= own.created { children.updateValue(nil, forKey: subtask.id) }
        }
        for message in snapshot.subtaskMessages where children[message.session] != nil {
            take(whole: message, &effects)
        }
        take(asks: snapshot, &effects)
        if hasGap, let todo = snapshot.todo, own != nil { effects.append(.todo(todo)) }
        if statusMark <= snapshot.mark {
            if own != nil { tell(retry: snapshot.status, &effects) }
            status = snapshot.status
            statusMark = snapshot.mark
            if status != .idle { doubtSince = nil }
        }
        let isNews = !effects.isEmpty
        conclude(now: now, &effects)
        judgeStream(isNews: isNews || isEnded, now: now, &effects)
        hasGap = false
        return effects
    }

    private mutating func take(whole message: OpencodeMessage, _ effects: inout [Effect]) {
        let parts = message.parts
        take(message, &effects)
        for part in parts { take(part, isLive: false, &effects) }
    }

    private mutating func take(asks snapshot: Snapshot, _ effects: inout [Effect]) {
        for ask in snapshot.asks { take(ask, &effects) }
        let waiting = Set(snapshot.asks.map(\.id))
        for (id, open) in asks where !waiting.contains(id) && open.mark <= snapshot.mark {
            settle(id, nil, [], &effects)
        }
    }

    /// A stream that says nothing while the session goes on is deaf. Once may be chance: what was read may have been on
    /// its way.
    private mutating func judgeStream(isNews: Bool, now: Instant, _ effects: inout [Effect]) {
        guard isNews else {
            pause = min(pause * 2, limits.check * 8)
            return
        }
        let isSilent = !hasGap && now - lastEvent >= limits.check
        lastSign = now
        pause = limits.check
        guard isSilent else { return }
        deafReads += 1
        if deafReads >= 2 || isEnded { effects.append(.reconnect) }
    }

    // MARK: the end

    /// Whether what is known now is the end of the turn.
    private mutating func conclude(now: Instant, _ effects: inout [Effect]) {
        guard status == .idle else { return }
        guard own != nil else {
            // A refused prompt is not even kept. Other errors may be late words about an earlier turn.
            if let error, error.isRefusal { return end(.failed(error), &effects) }
            return doubt(.absent, now: now, &effects)
        }
        guard let last = lastAnswer, last.completed != nil || last.error != nil else {
            guard let error else { return doubt(.cut, now: now, &effects) }
            let outcome = error.isAbort ? Outcome.aborted : .failed(error)
            // The rest of an answer that was begun is written down a moment after the error.
            return lastAnswer == nil ? end(outcome, &effects) : doubt(outcome, now: now, &effects)
        }
        if let error = last.error {
            end(error.isAbort ? .aborted : .failed(error), &effects)
        } else if last.finish == nil, let error {
            end(error.isAbort ? .aborted : .failed(error), &effects)
        } else if last.finish == nil, !hasWords(last.id) {
            // Stopped while the provider was to be asked again: no error is kept of that.
            end(.aborted, &effects)
        } else if last.finish == "tool-calls", last.structured == nil, !wasRefused {
            // Its tools have run and the model was to go on: the server ended between two steps.
            doubt(.cut, now: now, &effects)
        } else {
            if let value = last.structured { effects.append(.structured(value)) }
            end(.completed(message: last.id, finish: last.finish), &effects)
        }
    }

    private func hasWords(_ message: String) -> Bool {
        steps.values.contains { $0.message == message }
    }

    /// A turn that is about to begin, or to write down its end, looks the same for a moment.
    private mutating func doubt(_ outcome: Outcome, now: Instant, _ effects: inout [Effect]) {
        if let since = doubtSince, now - since >= limits.doubt { return end(outcome, &effects) }
        if doubtSince == nil { doubtSince = now }
        readDue = now + limits.doubt
    }

    mutating func end(_ outcome: Outcome, _ effects: inout [Effect]) {
        guard !isEnded else { return }
        for id in asks.keys.sorted() { settle(id, nil, [], &effects) }
        isEnded = true
        effects.append(.ended(outcome))
    }
}
