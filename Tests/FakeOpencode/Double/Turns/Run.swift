import Runtime

/// A session at work: it answers its newest message, and what comes in meanwhile, until there is nothing to answer.
@Loop
final class Run {
    let life: Life
    let session: Session
    let instance: Instance
    var task: Task<Void, Never>?
    /// What the text of each message still wants done.
    var plans: [String: [Act]] = [:]
    var step: Step?
    /// What an overflow left undone.
    var carried: [Act] = []
    /// Waits before another attempt: an abort is quieter then.
    var isRetrying = false
    private(set) var isAborted = false
    private var waiting: [Waiter<JSONValue>] = []
    private let ended = Waiter<Void>("the end of a turn")
    private var calls = 0

    /// A model that is asked more often than this in one run is caught in a loop; the original would go on for ever.
    private static let mostCalls = 200

    init(_ life: Life, _ session: Session, _ instance: Instance) {
        self.life = life
        self.session = session
        self.instance = instance
    }

    var directory: String { session.directory }

    /// The last message of the run. Everybody who waits gets the same.
    func answer() async throws -> JSONValue {
        let waiter = Waiter<JSONValue>("the answer of a turn")
        waiting.append(waiter)
        return try await waiter.value()
    }

    /// Ends the run and waits for its last word.
    func abort() async {
        guard !isAborted else { return await settle() }
        isAborted = true
        if !isRetrying {
            life.emitError(session.id, Run.aborted, directory)
            life.setStatus(session.id, nil, directory)
        }
        task?.cancel()
        await settle()
    }

    // The end of a cancelled run is certain; how it ended is in the messages.
    private func settle() async { _ = try? await ended.settled() }

    static let aborted: JSONValue = ["name": "MessageAbortedError", "data": ["message": "Aborted"]]

    // MARK: the run

    func go() async {
        var hasFailed = false
        var previous: String?
        do {
            previous = try await turns()
        } catch let failure as TurnFailure {
            hasFailed = true
            fail(failure.error)
        } catch {
            hasFailed = true
            stopShort()
        }
        step = nil
        life.runs[session.id] = nil
        life.setStatus(session.id, nil, directory)
        finish()
        if !hasFailed, let previous {
            summarize()
            tellDiffs(of: previous)
        }
        ended.finish(.success(()))
    }

    /// Returns the message whose summary is still due.
    private func turns() async throws -> String? {
        busy()
        var previous: String?
        var isFirst = true
        while let user = next() {
            let step = Step(self, user)
            self.step = step
            step.begin()
            // A compaction comes without the usual words.
            if !step.isCompaction { isFirst ? introduce(user) : summarize() }
            if !instance.isWarm { warmUp() }
            busy()
            if !isFirst, !step.isCompaction, let previous { tellDiffs(of: previous) }
            let goesOn = try await step.perform()
            isFirst = false
            previous = user.id
            self.step = nil
            guard goesOn else { return previous }
            busy()
            await Loop.yield()
            if Task.isCancelled { throw Fault.cancelled }
        }
        return previous
    }

    /// The newest message of the user, if it is not answered.
    private func next() -> StoredMessage? {
        guard let user = session.messages.last(where: \.isUser) else { return nil }
        let last = session.messages.last { !$0.isUser }
        if let last, user.id < last.id, let finish = last.info.text("finish"), finish != "tool-calls" { return nil }
        return user
    }

    func countCall(_ message: String) throws {
        calls += 1
        life.fake.countCall(message)
        guard calls <= Run.mostCalls else {
            throw TurnFailure(Life.unknown("the model was asked too often in one run"))
        }
    }

    // MARK: what is said around steps

    func busy() { life.setStatus(session.id, ["type": "busy"], directory) }

    private func introduce(_ user: StoredMessage) {
        let isDefault = session.title.hasPrefix("New session - ")
        if isDefault, session.messages.filter(\.isUser).count == 1 {
            life.fake.titleCalls += 1
            session.info["title"] = .string("About: \(user.ownText.prefix(40))")
            life.emitSession("updated", session)
        }
        summarize()
        tellDiffs(of: user.id)
    }

    private func summarize() {
        session.info["summary"] = session.info["summary"] ?? ["additions": 0, "deletions": 0, "files": 0]
        session.touch()
        life.emitSession("updated", session)
        life.emit("session.diff", object(["sessionID": .string(session.id), "diff": []]), directory)
    }

    private func tellDiffs(of user: String) {
        guard let place = session.place(of: user) else { return }
        var info = session.messages[place].info
        let changes = session.changes.filter { $0.messageID == user }
        info["summary"] = ["diffs": FileDiff.list(changes, in: directory)]
        life.save(info, session)
    }

    private func warmUp() {
        instance.isWarm = true
        guard life.settings.isNoisy else { return }
        for type in ["catalog.updated", "reference.updated", "integration.updated", "catalog.updated"] {
            life.emit(type, [:], directory)
        }
    }

    // MARK: ends

    private func fail(_ error: JSONValue) {
        life.emitError(session.id, error, directory)
        life.setStatus(session.id, nil, directory)
        step?.cutShort()
        step?.complete(error: error)
    }

    private func stopShort() {
        step?.cutShort()
        step?.complete(error: Run.aborted.when(!isRetrying))
    }

    private func finish() {
        let last = session.messages.last { !$0.isUser }
        // A session that was deleted meanwhile has no answer to give, and a killed process gives none.
        let isGone = life.store.sessions[session.id] == nil || life.isOver
        for waiter in waiting {
            if let last, !isGone { waiter.finish(.success(last.json)) } else { waiter.finish(.failure(Refusal.defect)) }
        }
        waiting = []
    }
}

/// The model or its provider failed; the turn ends with this.
struct TurnFailure: Error {
    let error: JSONValue
    init(_ error: JSONValue) { self.error = error }
}
