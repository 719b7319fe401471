import Runtime

/// Carries a run's events into one stream, as fast as its client takes them; nothing is dropped.
@Loop
final class RunEventFeed {
    private let follower: RunFollower
    private let stream: EventStream
    /// Handed over by the follower and not yet taken by the client: one batch at most.
    private var unsent: ArraySlice<RunFollower.Item> = []
    private var hasEnded = false

    init(_ follower: RunFollower, _ stream: EventStream) {
        self.follower = follower
        self.stream = stream
    }

    /// The stream's callbacks keep it until the stream ends.
    func start() {
        stream.onGone = { [self] in follower.close() }
        stream.onRoom = { [self] in goOn() }
        follower.start(onEnd: { [weak self] _ in self?.ended() }) { [weak self] in self?.send($0[...]) ?? false }
    }

    private func goOn() {
        guard send(unsent) else { return }
        if hasEnded { stream.end() } else { follower.resume() }
    }

    /// The connection ends with the run, or when the service stops; a client that comes back goes on behind what it has.
    private func ended() {
        hasEnded = true
        if unsent.isEmpty { stream.end() }
    }

    private func send(_ items: ArraySlice<RunFollower.Item>) -> Bool {
        for (place, item) in zip(items.indices, items) {
            guard send(item) else {
                unsent = items[place...]
                return false
            }
        }
        unsent = []
        return true
    }

    private func send(_ item: RunFollower.Item) -> Bool {
        switch item {
        case .event(let event):
            // What has no JSON form is in no store either, and its run fails for it.
            guard let json = try? event.json else { return true }
            return stream.sendNow(event: event.body.kind.rawValue, id: String(event.number), data: json)
        case .missing(let first, let last):
            return stream.sendNow(event: "missing", id: String(last), data: "{\"from\":\(first),\"to\":\(last)}")
        }
    }
}
