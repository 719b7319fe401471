extension WebSocket {
    public func send(_ text: String) async throws { try await send(.text(text)) }

    /// Sends one message, and waits while the peer is slow to take it. Throws when the connection has ended.
    ///
    /// A caller that is cancelled within a message of several fragments leaves it unfinished, and nothing can follow it:
    /// the connection ends with 1011.
    public func send(_ message: Message) async throws {
        if message.byteCount <= settings.fragment, writeIfRoom(message) { return }
        try await sending.enter()
        defer { sending.leave() }
        if message.byteCount <= settings.fragment {
            try await room()
            message.withBytes { write(message.opcode, $0) }
        } else {
            try await sendFragments(message)
        }
    }

    /// Sends one message if the peer keeps up; false, and nothing sent, when it does not or the connection has ended.
    ///
    /// For a sender that cannot wait. What it does with a no is its own policy: drop the message, or
    /// `close(.policyViolation)`.
    public func sendNow(_ message: Message) -> Bool {
        let isSent = writeIfRoom(message)
        if !isSent { hasRefused = true }
        return isSent
    }

    private func writeIfRoom(_ message: Message) -> Bool {
        guard isOpen, !sending.isTaken, transport.unsentBytes < settings.unsent else { return false }
        message.withBytes { write(message.opcode, $0) }
        return true
    }

    private func sendFragments(_ message: Message) async throws {
        let count = message.byteCount
        var start = 0
        do {
            while start < count {
                try await room()
                let end = min(start + settings.fragment, count)
                message.withBytes { bytes in
                    write(
                        start == 0 ? message.opcode : Opcode.continuation, isFinal: end == count,
                        UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                }
                start = end
            }
        } catch {
            if start > 0 { fail(.internalError, "a message could not be finished") }
            throw error
        }
    }

    private func room() async throws {
        while isOpen, transport.unsentBytes >= settings.unsent {
            let waiter = Waiter<Void>("the peer's reading")
            roomWaiter = waiter
            stallTimer.schedule(after: settings.stall)
            defer {
                roomWaiter = nil
                stallTimer.cancel()
            }
            try await waiter.value()
        }
        guard isOpen else { throw ended }
    }

    func stalled() { fail(.policyViolation, "what was sent is not being read") }

    private var ended: Fault {
        let code = closeCode?.rawValue ?? CloseCode.abnormal.rawValue
        return Fault(.unavailable, "the WebSocket has ended with code \(code) \(closeReason)")
    }
}
