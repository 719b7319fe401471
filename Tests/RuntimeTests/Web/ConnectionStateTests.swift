import Testing

@testable import Runtime

@Suite("where a connection stands")
struct ConnectionStateTests {
    private func state(
        _ receiving: ConnectionState.Receiving, _ answering: ConnectionState.Answering,
        _ framing: ConnectionState.Framing = .none, minor: UInt8 = 1, ended: Bool = true
    ) -> ConnectionState {
        var state = ConnectionState(sawFinish: true, inputEnded: ended)
        (state.receiving, state.answering, state.framing, state.minorVersion) = (receiving, answering, framing, minor)
        return state
    }

    @Test("a FIN means what the answer's progress makes of it")
    func departure() {
        let cases: [(ConnectionState, Int, ConnectionState.Departure)] = [
            (state(.head, .nothing), 0, .gone),
            (state(.head, .nothing), 9, .closeAfterFlush),
            (state(.head, .nothing, ended: false), 0, .wait),
            (state(.body, .thinking), 0, .gone),
            (state(.body, .thinking, ended: false), 0, .askByInterim),
            (state(.whole, .thinking), 0, .askByInterim),
            (state(.whole, .thinking), 9, .wait),
            (state(.whole, .thinking, minor: 0), 0, .wait),
            (state(.whole, .streaming, .chunked), 0, .askByChunk),
            (state(.whole, .streaming, .chunked), 9, .wait),
            (state(.whole, .streaming, .untilClose, minor: 0), 0, .gone),
            (state(.whole, .streaming, .length(5)), 0, .wait),
        ]
        for (state, unsent, expected) in cases {
            #expect(state.departure(unsent: unsent) == expected, "\(state) with \(unsent) unsent")
        }
    }

    @Test("what follows an answer depends on what of the request is still to come")
    func next() {
        func after(
            _ receiving: ConnectionState.Receiving, last: Bool = false, ended: Bool = false, pending: Bool = false
        )
            -> ConnectionState.Next
        {
            var state = state(receiving, .thinking, ended: ended)
            state.isLast = last
            return state.answerEnded(hasPending: pending)
        }
        #expect(after(.whole) == .nextRequest)
        #expect(after(.whole, last: true) == .close(lingers: false))
        #expect(after(.whole, last: true, pending: true) == .close(lingers: true))
        #expect(after(.whole, ended: true) == .close(lingers: false))
        #expect(after(.whole, ended: true, pending: true) == .nextRequest)
        #expect(after(.body) == .restOfBody)
        #expect(after(.body, last: true) == .close(lingers: true))
    }

    @Test("an unread body is thrown away when it is small, and ends the connection when it is not")
    func unread() {
        func isLast(_ receiving: ConnectionState.Receiving, _ unread: Int?, awaits: Bool = false) -> Bool {
            var state = state(receiving, .thinking)
            state.awaitsContinue = awaits
            state.beginAnswer(unread: unread, discardLimit: 100)
            return state.isLast
        }
        #expect(!isLast(.whole, 1000))
        #expect(!isLast(.body, 100))
        #expect(isLast(.body, 101))
        #expect(!isLast(.body, nil))
        #expect(isLast(.body, 1, awaits: true))
    }

    @Test("reading stops wherever what would come has no place")
    func interest() {
        let full = ResponseWriter.highWater
        func reads(_ state: ConnectionState, unsent: Int = 0, buffered: Int = 0, pending: Int = 0) -> Bool {
            state.interest(isBlocked: false, unsent: unsent, buffered: buffered, pending: pending).contains(.readable)
        }
        func open(_ receiving: ConnectionState.Receiving) -> ConnectionState {
            var state = state(receiving, .thinking, ended: false)
            state.sawFinish = false
            return state
        }
        #expect(reads(open(.head)) && !reads(open(.head), unsent: full) && !reads(open(.head), pending: 1))
        #expect(reads(open(.body)) && !reads(open(.body), buffered: RequestBody.highWater))
        #expect(reads(open(.whole), pending: 100) && !reads(open(.whole), pending: ConnectionState.pipelined))
        #expect(!reads(state(.head, .nothing)))
        var blocked = open(.whole)
        #expect(
            blocked.interest(isBlocked: true, unsent: 1, buffered: 0, pending: 0) == [
                .readable, .writable, .peerClosed,
            ])
        blocked.closing = .afterFlush(lingers: true)
        #expect(!reads(blocked))
        blocked.closing = .lingering
        #expect(reads(blocked))
    }
}

@Suite("bytes on their way out")
struct OutputBufferTests {
    private func text(_ buffer: borrowing OutputBuffer) -> String { String(decoding: buffer.unsent, as: UTF8.self) }

    @Test("writes of one turn make one chunk")
    func chunk() {
        var buffer = OutputBuffer()
        buffer.append("head")
        Array("hello ".utf8).withUnsafeBytes { buffer.append(chunked: $0) }
        Array("world of chunks".utf8).withUnsafeBytes { buffer.append(chunked: $0) }
        buffer.closeChunk()
        #expect(text(buffer) == "head15\r\nhello world of chunks\r\n")
        buffer.closeChunk()
        buffer.consume(4)
        [UInt8](repeating: 120, count: 70_000).withUnsafeBytes { buffer.append(chunked: $0) }
        buffer.closeChunk()
        #expect(text(buffer).hasPrefix("15\r\nhello world of chunks\r\n11170\r\nxxx"))
        let count = buffer.count
        #expect(count == 27 + 70_000 + 9)
    }

    @Test("numbers, and memory that goes with the last byte")
    func numbers() {
        var buffer = OutputBuffer()
        for number in [0, 7, 10, 99, 12_345_678, Int.max] {
            buffer.append(decimal: number)
            buffer.append(" ")
        }
        buffer.append(base36: 0)
        buffer.append(base36: 36 * 36 + 35)
        #expect(text(buffer) == "0 7 10 99 12345678 9223372036854775807 010z")
        buffer.consume(buffer.count)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
        buffer.release()
        buffer.append("again")
        #expect(text(buffer) == "again")
    }

    @Test("what is consumed and appended in turns comes out in order")
    func order() {
        var random = SeededGenerator(seed: 7)
        var buffer = OutputBuffer()
        var expected: [UInt8] = []
        var got: [UInt8] = []
        for step in 0..<2000 {
            let piece = (0..<Int.random(in: 1...300, using: &random)).map { UInt8(truncatingIfNeeded: $0 &+ step) }
            piece.withUnsafeBytes { buffer.append($0) }
            expected += piece
            let count = Int.random(in: 0...min(buffer.count, 400), using: &random)
            got += buffer.unsent.prefix(count)
            buffer.consume(count)
        }
        got += buffer.unsent
        #expect(got == expected)
    }
}
