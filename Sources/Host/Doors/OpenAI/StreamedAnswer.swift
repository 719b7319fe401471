import Runtime

/// One answer on its way to one client, each event in the turn in which it happens. A task is only there while a hook is
/// asked; an answer in which nothing happens holds none.
@Loop
final class StreamedAnswer {
    private let run: String
    private let reply: ChatReply
    private let follower: RunFollower
    private let house: OpenAIHouse
    private let stream: EventStream
    /// What happened and has not been told yet.
    private var items: [RunFollower.Item] = []
    private var itemHead = 0
    /// What was told and the client has no room for yet.
    private var frames: [StreamFrame] = []
    private var frameHead = 0
    private var ending: ChatReply.Ending?
    /// Why nothing more is heard of the run.
    private var fault: Fault?
    /// The client has all that the run said.
    private var isWhole = true
    private var isAsking = false
    private var isGoingOn = false
    private var isOver = false
    private lazy var timer = Timer { [weak self] in self?.showHeld() }

    /// Events that wait for the client, or for a hook.
    private static let mostWaiting = 64
    static let stopping = Fault(
        .unavailable, "Perigee is being restarted. The agent goes on with this where it can",
        hint: "your next message brings the rest")

    init(_ run: String, _ reply: ChatReply, _ follower: RunFollower, _ house: OpenAIHouse, _ stream: EventStream) {
        self.run = run
        self.reply = reply
        self.follower = follower
        self.house = house
        self.stream = stream
    }

    /// `complaint` says why what the user wrote answered nothing; it may be all there is to say.
    func begin(_ complaint: String?, isAll: Bool) {
        stream.onGone = { [self] in clientLeft() }
        stream.onRoom = { [self] in goOn() }
        // Before anything has happened, so that a client that stops now knows that the answer had begun.
        frames = reply.begin()
        if let complaint { frames += reply.block(complaint) }
        if isAll { close(.finished(.stop)) }
        goOn()
        if !isAll { follower.start(onEnd: { [self] in followed($0) }) { [self] in take($0) } }
    }

    // MARK: what happens

    private func take(_ more: [RunFollower.Item]) -> Bool {
        items += more
        goOn()
        return items.count - itemHead < StreamedAnswer.mostWaiting && frames.isEmpty && !isAsking
    }

    private func followed(_ fault: Fault?) {
        self.fault = fault
        goOn()
    }

    private func showHeld() {
        guard !isAsking, ending == nil else { return }
        frames += reply.release()
        goOn()
    }

    private func clientLeft() {
        isOver = true
        timer.cancel()
        follower.close()
        house.runs.clientLeft(run)
    }

    // MARK: what is told

    private func goOn() {
        guard !isGoingOn, !isOver else { return }
        isGoingOn = true
        while flush(), ending == nil, !isAsking {
            if let item = nextItem() {
                if let told = reply.tellNow(item) { take(told) } else { ask(item) }
                continue
            }
            if follower.isEnded { if let fault { fail(fault) } else { close(reply.unended) } }
            follower.resume()
            if items.isEmpty, ending == nil { break }
        }
        isGoingOn = false
        if ending != nil, frames.isEmpty { return end() }
        if !isAsking, let until = reply.heldUntil { timer.schedule(at: until) }
    }

    private func nextItem() -> RunFollower.Item? {
        guard itemHead < items.count else {
            items.removeAll(keepingCapacity: true)
            itemHead = 0
            return nil
        }
        itemHead += 1
        return items[itemHead - 1]
    }

    private func take(_ told: ChatReply.Told) {
        frames += told.frames
        if let ending = told.ending { close(ending) }
    }

    private func ask(_ item: RunFollower.Item) {
        isAsking = true
        house.runs.work.spawn("telling run \(run)") { [self] in
            do {
                take(try await reply.tell(item))
            } catch {
                fail(Fault(error))
            }
            isAsking = false
            goOn()
        }
    }

    /// False while the client has no room.
    private func flush() -> Bool {
        while frameHead < frames.count {
            guard stream.sendNow(event: frames[frameHead].event, data: frames[frameHead].data) else { return false }
            frameHead += 1
        }
        frames.removeAll(keepingCapacity: true)
        frameHead = 0
        return true
    }

    // MARK: the end

    private func close(_ ending: ChatReply.Ending) {
        guard self.ending == nil else { return }
        self.ending = ending
        do {
            frames += try reply.end(ending)
        } catch {
            house.log.error("the end of an answer was not written", Fault(error), ["run": LogValue(run)])
        }
    }

    /// A clean end keeps the text so far; a broken stream would lose it.
    private func fail(_ fault: Fault) {
        guard ending == nil else { return }
        isWhole = false
        close(.failed(OpenAIError(house.runs.isSilent ? StreamedAnswer.stopping : fault)))
    }

    private func end() {
        isOver = true
        timer.cancel()
        follower.close()
        if isWhole { house.chats.answered(run, reply.content) }
        stream.end()
    }
}
