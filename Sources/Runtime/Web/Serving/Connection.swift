import CLinux
import Glibc

/// One client's socket: bytes to requests, answers to bytes. What is decided stands in `ConnectionState`; reading is in
/// `Connection+Requests`, answering in `Connection+Answers`.
@Loop
final class Connection: Pollable, TurnEnding {
    let server: Server
    let peer: Peer
    let parser: RequestParser
    var descriptor: Int32
    var state = ConnectionState()
    var output = OutputBuffer()
    /// Read, but not to be parsed yet: further requests, or a body that its handler does not take.
    var pending: [UInt8] = []
    var request: Request?
    var route: Route?
    var task: Task<Void, Never>?
    var writer: ResponseWriter?
    var upgrading: ((any ByteTransport) -> Void)?
    var status = 0
    var answered = 0
    var served = 0
    /// The writer was told to stop and has not been told that there is room.
    var owesRoom = false
    /// Index in the server's list.
    var place = 0
    /// When the sweep must look at it; 0 when nothing is awaited.
    var deadline: UInt64 = 0

    private var interest: Readiness = [.readable, .peerClosed]
    private var isBlocked = false
    private var isSettling = false
    /// Of this request's body.
    var bodyBytes = 0
    /// When the head began, or the body's window.
    var windowStart: UInt64 = 0
    var windowBytes = 0
    /// Since when the client has taken nothing of what waits for it; 0 when nothing waits.
    private var stalledSince: UInt64 = 0
    var wantsInput = false
    /// Behind the part of the input that is looked at there is more.
    var hasMoreInput = false

    init(_ server: Server, descriptor: Int32, peer: Peer) {
        self.server = server
        self.descriptor = descriptor
        self.peer = peer
        parser = RequestParser(limits: server.limits.parser)
        deadline = Loop.now.nanoseconds + server.limits.idle
        Loop.watch(descriptor, interest, self)
    }

    var isOpen: Bool { state.closing != .closed }

    /// No request has begun to come in and none is answered.
    var isIdle: Bool {
        state.answering == .nothing && state.receiving == .head && parser.isBetweenMessages && pending.isEmpty
            && output.isEmpty && state.closing == .no
    }

    /// No more requests: ends at once what is between two, and lets the others end.
    func drain() {
        if isIdle { return close() }
        if state.answering == .nothing, state.receiving == .head, parser.isBetweenMessages, state.closing == .no {
            beginClosing(lingers: true)
        }
    }

    // MARK: events

    func ready(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: .failed) { return close() }
        if readiness.contains(.writable) { isBlocked = false }
        // What is answered at once is sent below, without a visit to the end of the turn.
        let isScheduled = isSettling
        isSettling = true
        if readiness.contains(.readable) {
            receive(finishBehind: readiness.contains(.peerClosed))
        } else if readiness.contains(.peerClosed) {
            finishSeen()
        }
        isSettling = isScheduled
        if isOpen && !isScheduled { settle() }
    }

    func turnEnds() {
        isSettling = false
        if isOpen { settle() }
    }

    /// Has output sent, and more, at the end of this turn.
    func settleSoon() {
        guard !isSettling, isOpen else { return }
        isSettling = true
        Loop.atTurnEnd(self)
    }

    /// Whether bytes came.
    @discardableResult
    private func receive(finishBehind: Bool) -> Bool {
        let size = Server.scratchSize
        let count = recv(descriptor, server.scratch, size, 0)
        if count > 0 {
            received(UnsafeBufferPointer(start: server.scratch.assumingMemoryBound(to: UInt8.self), count: count))
            // A FIN that epoll saw was behind these bytes, and they were all.
            if finishBehind && count < size && isOpen { inputEnded() }
        } else if count == 0 {
            inputEnded()
        } else if errno != EAGAIN && errno != EINTR {
            close()
        }
        return count > 0
    }

    private func received(_ bytes: UnsafeBufferPointer<UInt8>) {
        switch state.closing {
        case .lingering, .afterFlush, .closed: return
        case .no: break
        }
        if !pending.isEmpty || !canParse {
            pending.append(contentsOf: bytes)
        } else {
            consume(bytes)
        }
    }

    private func inputEnded() {
        state.inputEnded = true
        finishSeen()
    }

    /// Judged again when more of what came before the FIN has been parsed.
    func finishSeen() {
        state.sawFinish = true
        if !pending.isEmpty && canParse { return settleSoon() }
        switch state.departure(unsent: output.count) {
        case .wait: settleSoon()
        case .gone: close()
        case .closeAfterFlush: beginClosing(lingers: false)
        case .askByInterim:
            output.append("HTTP/1.1 102 Processing\r\n\r\n")
        case .askByChunk:
            output.append("0")
        }
    }

    /// What the handler has not read of the body; a body that is over its limit is not read further.
    private var bodyWaiting: Int {
        guard let body = request?.body, state.answering != .nothing else { return 0 }
        return body.isEnded ? .max : body.buffered
    }

    /// The descriptor has another owner now.
    func release() {
        descriptor = -1
        pending = []
        output.removeAll()
    }

    // MARK: the end of a turn

    /// Parses what may now be parsed, sends what there is, and tells kernel and sweep what is awaited next.
    func settle() {
        if upgrading != nil { return handOver() }
        if wantsInput || !pending.isEmpty && canParse { consumePending() }
        flush()
        guard isOpen else { return }
        if !pending.isEmpty && canParse { settleSoon() }
        let wanted = state.interest(
            isBlocked: isBlocked, unsent: output.count, buffered: bodyWaiting, pending: pending.count)
        if wanted != interest {
            interest = wanted
            Loop.change(descriptor, wanted)
        }
        watchClock()
    }

    private func flush() {
        output.closeChunk()
        while !isBlocked, !output.isEmpty {
            let unsent = output.unsent
            let count = send(descriptor, unsent.baseAddress, unsent.count, Int32(MSG_NOSIGNAL))
            if count > 0 {
                output.consume(count)
                stalledSince = Loop.now.nanoseconds
                if count < unsent.count { isBlocked = true }
            } else if errno == EAGAIN {
                isBlocked = true
            } else if errno != EINTR {
                return close()
            }
        }
        if owesRoom, output.count < ResponseWriter.lowWater {
            owesRoom = false
            writer?.tellRoom()
        }
        if output.isEmpty {
            if !isSettling { output.release() }
            if case .afterFlush(let lingers) = state.closing { finishClosing(lingers: lingers) }
        }
    }

    private func finishClosing(lingers: Bool) {
        guard lingers, !state.inputEnded else { return close() }
        state.closing = .lingering
        shutdown(descriptor, Int32(SHUT_WR))
        pending = []
        deadline = Loop.now.nanoseconds + server.limits.linger
        server.sweep(by: deadline)
    }

    /// Ends at once. A request in progress learns that its client has gone.
    func close() {
        guard isOpen else { return }
        state.closing = .closed
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
        descriptor = -1
        pending = []
        output.removeAll()
        server.forget(self)
        abandonRequest()
    }

    // MARK: the clock

    private func watchClock() {
        let now = Loop.now.nanoseconds
        let limits = server.limits
        switch state.closing {
        case .lingering, .closed: return
        case .no, .afterFlush: break
        }
        if !output.isEmpty {
            if stalledSince == 0 { stalledSince = now }
            deadline = stalledSince + limits.writeStall
            return server.sweep(by: deadline)
        }
        stalledSince = 0
        if state.answering == .nothing && state.receiving == .head {
            if parser.isBetweenMessages {
                windowStart = 0
                deadline = now + limits.idle
            } else {
                if windowStart == 0 { windowStart = now }
                deadline = windowStart + limits.headDeadline
            }
        } else if state.receiving == .body && interest.contains(.readable) {
            if windowStart == 0 { (windowStart, windowBytes) = (now, bodyBytes) }
            deadline = windowStart + limits.bodyWindow
        } else {
            deadline = 0
            return
        }
        server.sweep(by: deadline)
    }

    /// The sweep found the deadline passed. What the kernel holds counts as in time: a busy loop may be the one that is
    /// late.
    func expired() {
        // What this turn has queued has not been tried yet, and the deadline is still the one before it.
        if isSettling { return }
        if state.closing == .lingering || !output.isEmpty { return close() }
        if interest.contains(.readable), receive(finishBehind: false) {
            if isOpen { settle() }
            guard isOpen, deadline != 0, deadline <= Loop.now.nanoseconds else { return }
        }
        guard isOpen else { return }
        if state.receiving == .body {
            if bodyBytes - windowBytes >= server.limits.bodyWindowBytes {
                windowStart = 0
                return watchClock()
            }
            return state.answering == .streaming ? close() : refuse(Refusal(408, "the body came too slowly"))
        }
        if parser.isBetweenMessages { return close() }
        refuse(Refusal(408, "the head came too slowly"))
    }
}
