/// How a WebSocket comes to its end: who closes, what is still sent, and when the stream may go.
///
/// Whichever happens first decides the code; everything later only completes it.
struct CloseHandshake: Equatable {
    enum Phase: Equatable {
        case open
        /// Our close frame is out; the peer's is awaited, and what it sends before is thrown away.
        case awaitingClose
        /// Both close frames are through; a client leaves it to the server to end the stream.
        case awaitingEnd
        case ended
    }

    enum Step: Equatable {
        case send(CloseNotice)
        /// The peer has this long to do its part.
        case startTimer
        case endStream
    }

    let isClient: Bool
    private(set) var phase = Phase.open
    /// Nil while it is open.
    private(set) var notice: CloseNotice?

    init(isClient: Bool) { self.isClient = isClient }

    var readsFrames: Bool { phase == .open || phase == .awaitingClose }

    mutating func closeHere(_ notice: CloseNotice) -> [Step] {
        guard phase == .open else { return [] }
        self.notice = notice
        phase = .awaitingClose
        return [.send(notice), .startTimer]
    }

    mutating func peerClosed(_ notice: CloseNotice) -> [Step] {
        let wasOpen = phase == .open
        guard readsFrames else { return [] }
        if wasOpen { self.notice = notice }
        phase = isClient ? .awaitingEnd : .ended
        return (wasOpen ? [.send(notice)] : []) + [isClient ? .startTimer : .endStream]
    }

    /// The peer broke a rule, or we cannot go on: nothing it sends matters any more.
    mutating func fail(_ notice: CloseNotice) -> [Step] {
        guard phase != .ended else { return [] }
        let wasOpen = phase == .open
        if wasOpen { self.notice = notice }
        phase = .ended
        return (wasOpen ? [.send(notice)] : []) + [.endStream]
    }

    mutating func departed() {
        if notice == nil { notice = CloseNotice(.abnormal) }
        phase = .ended
    }

    mutating func timeIsUp() -> [Step] {
        guard phase == .awaitingClose || phase == .awaitingEnd else { return [] }
        phase = .ended
        return [.endStream]
    }
}
