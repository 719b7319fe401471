/// Where a connection stands, with no socket or clock in it: what may be read, when it closes, and what it means when
/// the client sends its FIN.
struct ConnectionState: Equatable {
    enum Receiving: Equatable { case head, body, whole }
    enum Answering: Equatable { case nothing, thinking, streaming }
    enum Framing: Equatable { case none, chunked, length(Int), untilClose }
    enum Closing: Equatable {
        case no
        /// After what is queued has been sent; then wait for the client's FIN when unread bytes may be on their way,
        /// because closing on those would reset the connection and take the answer with it.
        case afterFlush(lingers: Bool)
        case lingering
        case closed
    }

    var receiving = Receiving.head
    var answering = Answering.nothing
    var framing = Framing.none
    var closing = Closing.no
    /// The answer in progress is the last one.
    var isLast = false
    var minorVersion: UInt8 = 1
    /// The client waits for `100 Continue` before it sends its body.
    var awaitsContinue = false
    /// The rest of the body is thrown away.
    var discards = false
    /// The client's FIN is known, though bytes before it may be unread.
    var sawFinish = false
    /// All that the client will ever send has been read.
    var inputEnded = false

    // MARK: the client's FIN

    enum Departure: Equatable {
        /// Whether the client still reads shows when something is sent.
        case wait
        case gone
        /// What is queued is the last that it gets.
        case closeAfterFlush
        /// Send `102 Processing`: a client that only finished sending reads on, one that left resets the connection.
        case askByInterim
        /// Send a zero, the first digit of the next chunk's size: legal, and the same question.
        case askByChunk
    }

    /// A FIN says that the client sends no more; it may still read (half-close) or have left. Called once when it is
    /// seen, and once when everything before it has been read.
    func departure(unsent: Int) -> Departure {
        switch (closing, answering) {
        case (.closed, _), (.lingering, _): return .gone
        case (.afterFlush, _): return .wait
        case (.no, .nothing): return inputEnded ? (unsent > 0 ? .closeAfterFlush : .gone) : .wait
        case (.no, .thinking):
            if receiving != .whole && inputEnded { return .gone }
            return minorVersion == 1 && unsent == 0 ? .askByInterim : .wait
        case (.no, .streaming):
            if unsent > 0 { return .wait }
            switch framing {
            case .chunked: return .askByChunk
            case .untilClose: return .gone
            case .length, .none: return .wait
            }
        }
    }

    // MARK: the answer

    /// What becomes of a body that the handler answered without reading to its end.
    mutating func beginAnswer(unread: Int?, discardLimit: Int) {
        guard receiving == .body else { return }
        discards = true
        if awaitsContinue || (unread ?? 0) > discardLimit { isLast = true }
    }

    enum Next: Equatable { case nextRequest, restOfBody, close(lingers: Bool) }

    /// What follows the last byte of an answer.
    mutating func answerEnded(hasPending: Bool) -> Next {
        answering = .nothing
        framing = .none
        if isLast || inputEnded && !hasPending {
            return .close(lingers: receiving != .whole || hasPending)
        }
        return receiving == .body ? .restOfBody : .nextRequest
    }

    mutating func beginNext() {
        self = ConnectionState(closing: closing, sawFinish: sawFinish, inputEnded: inputEnded)
    }

    // MARK: interest

    /// What to ask the kernel for. Reading stops wherever what would come has no place yet.
    func interest(isBlocked: Bool, unsent: Int, buffered: Int, pending: Int) -> Readiness {
        var interest: Readiness = sawFinish ? [] : .peerClosed
        if isBlocked { interest.insert(.writable) }
        if inputEnded { return interest }
        let reads =
            switch (closing, receiving) {
            case (.lingering, _): true
            case (.no, .head): pending == 0 && unsent < ResponseWriter.highWater
            case (.no, .body): discards || pending == 0 && buffered < RequestBody.highWater
            case (.no, .whole): pending < ConnectionState.pipelined
            default: false
            }
        if reads { interest.insert(.readable) }
        return interest
    }

    /// Bytes of further requests that are kept while one is answered; the kernel holds the rest.
    static let pipelined = 16 << 10

    init(closing: Closing = .no, sawFinish: Bool = false, inputEnded: Bool = false) {
        self.closing = closing
        self.sawFinish = sawFinish
        self.inputEnded = inputEnded
    }
}
