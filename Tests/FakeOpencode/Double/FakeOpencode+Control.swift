public import Runtime

extension FakeOpencode {
    // MARK: faults

    /// Forgets all sessions, as a server does whose data directory was replaced under it.
    public func loseSessions() { store.removeAll() }

    /// Streams deliver nothing more, not even heartbeats, until `recover`.
    public func goSilent() { modes.isSilent = true }

    /// Streams deliver heartbeats and nothing else, until `recover`.
    public func heartbeatsOnly() { modes.heartbeatsOnly = true }

    /// Streams that are open now stay open and deliver nothing ever more; new ones work.
    public func muteStreams() { life?.hub.mute() }

    /// Breaks the streams that are open now.
    public func dropStreams() { life?.hub.closeAll(broken: true) }

    /// Breaks every connection; the server goes on.
    public func dropConnections() { life?.dropConnections() }

    /// Requests are taken and not answered, until `recover`, which answers them.
    public func hangHTTP() { modes.hangsHTTP = true }

    public func answerSlowly(_ milliseconds: Int) { modes.delay = milliseconds }

    /// A heartbeat at once, whatever the clock says.
    public func beat() { life?.hub.beatNow() }

    /// All is well again; the dialect stays as it is.
    public func recover() {
        var healthy = FakeModes()
        (healthy.oldDialect, healthy.newMajor) = (modes.oldDialect, modes.newMajor)
        modes = healthy
    }

    // MARK: looking in

    /// Open event streams.
    public var streamCount: Int { life?.hub.streams.count ?? 0 }

    /// Directories that the server holds in memory.
    public var directories: [String] { life.map { $0.instances.keys.sorted() } ?? [] }

    /// Sessions as the API shows them, newest first.
    public var sessions: [JSONValue] { store.sorted.map(\.json) }

    /// Messages of a session with their parts, oldest first.
    public func messages(_ session: String) -> [JSONValue] { store.sessions[session]?.messages.map(\.json) ?? [] }

    /// Sessions that work or wait just now.
    public var busySessions: [String] { life.map { $0.statuses.keys.sorted() } ?? [] }

    /// Permissions and questions that wait for an answer.
    public var pendingAsks: [JSONValue] {
        (life?.instances.values.flatMap { $0.permissions + $0.questions } ?? []).map { .object($0.request) }
    }

    /// How often the model was asked in all, titles not counted.
    public var modelCalls: Int { prompts.reduce(0) { $0 + $1.modelCalls } }

    func countCall(_ message: String) {
        if let place = prompts.lastIndex(where: { $0.messageID == message }) { prompts[place].modelCalls += 1 }
    }

    /// Everything above in one value, for tests that reach the double over HTTP.
    var state: JSONValue {
        [
            "version": .string(version), "lives": .int(lives), "sessions": .array(sessions),
            "messages": .object(JSONObject(store.sorted.map { ($0.id, .array($0.messages.map(\.json))) })),
            "busy": .array(busySessions.map(JSONValue.string)), "asks": .array(pendingAsks),
            "streams": .int(streamCount), "directories": .array(directories.map(JSONValue.string)),
            "modelCalls": .int(modelCalls), "titleCalls": .int(titleCalls), "modes": modes.json,
            "prompts": .array(prompts.map(\.json)),
        ]
    }
}

extension FakePrompt {
    var json: JSONValue {
        value([
            "session": .string(session), "directory": .string(directory), "messageID": .string(messageID),
            "text": .string(text), "agent": .string(agent), "model": .string(model), "system": .text(system),
            "body": body, "modelCalls": .int(modelCalls),
        ])
    }
}

extension FakeModes {
    var json: JSONValue {
        [
            "isSilent": .bool(isSilent), "heartbeatsOnly": .bool(heartbeatsOnly), "closesStreams": .bool(closesStreams),
            "hangsHTTP": .bool(hangsHTTP), "delay": .int(delay), "oldDialect": .bool(oldDialect),
            "newMajor": .bool(newMajor),
        ]
    }

    /// Takes the members that are there; false when one is unknown or of a wrong kind.
    mutating func take(_ members: JSONObject) -> Bool {
        let flags: [String: WritableKeyPath<FakeModes, Bool>] = [
            "isSilent": \.isSilent, "heartbeatsOnly": \.heartbeatsOnly, "closesStreams": \.closesStreams,
            "hangsHTTP": \.hangsHTTP, "oldDialect": \.oldDialect, "newMajor": \.newMajor,
        ]
        for member in members {
            if let path = flags[member.key], let flag = member.value.bool {
                self[keyPath: path] = flag
            } else if member.key == "delay", let delay = member.value.integer {
                self.delay = delay
            } else {
                return false
            }
        }
        return true
    }
}
