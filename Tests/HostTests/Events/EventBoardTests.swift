import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("what happens, in one order")
@Loop
struct EventBoardTests {
    private let time = ManualMoment()

    private func board() -> EventBoard { EventBoard(now: { [time] in time.milliseconds }) }

    @Test("numbers grow without a gap, and over restarts")
    func numbers() {
        let first = board()
        first.tell("job", [:])
        first.tell("run", user: "ann", [:])
        #expect(first[first.last]?.kind == "run" && first[first.last - 1]?.kind == "job")
        #expect(first[first.last + 1] == nil && first[first.first - 1] == nil)
        time.milliseconds += 1
        #expect(board().first > first.last)
    }

    @Test("the newest are kept, however many there are")
    func bound() {
        let board = board()
        for number in 1...(EventBoard.most + 10) { board.tell("job", ["run": .integer(Int64(number))]) }
        #expect(board.count == EventBoard.most && board.last - board.first == Int64(EventBoard.most) - 1)
        let oldest = board[board.first].map { String(decoding: $0.json, as: UTF8.self) }
        #expect(oldest?.contains("\"run\":11") == true, "\(oldest ?? "none")")
        let newest = board[board.last].map { String(decoding: $0.json, as: UTF8.self) }
        #expect(newest?.contains("\"run\":\(EventBoard.most + 10)") == true)
    }

    @Test("a client goes on behind what it has, sees each event once and in order, and is told what is missing")
    func replay() async throws {
        let server = try EventsServer(board())
        let board = server.board
        for number in 1...3 { board.tell("job", ["run": .integer(Int64(number))]) }
        let second = board.last - 1
        let stream = try await server.watch("?after=\(second)") { board.tell("plan", ["plan": 7]) }
        #expect(stream.kinds == ["job", "plan"] && stream.ids == [second + 1, second + 2])
        let again = try await server.watch("", ["Last-Event-ID: \(second)"])
        #expect(again.ids == [second + 1, second + 2])
        #expect(try await server.watch("?after=0").ids.count == 4)
        #expect(try await server.watch("").ids.isEmpty, "from now on")

        let missed = try await server.watch("?after=\(board.first - 100)")
        #expect(missed.kinds.first == "missing" && missed.ids.count == 5)
        #expect(missed.body.contains("{\"from\":\(board.first - 99),\"to\":\(board.first - 1)}"))
        let ahead = try await server.watch("?after=\(board.last + 1000)")
        #expect(ahead.kinds == ["missing", "job", "job", "job", "plan"], "another board's numbers")
        await server.close()
    }

    @Test("a client sees the kinds and the user that it asks for")
    func chosen() async throws {
        let server = try EventsServer(board())
        server.board.tell("run", user: "ann", ["run": "a"])
        server.board.tell("run", user: "bob", ["run": "b"])
        server.board.tell("job", [:])
        #expect(try await server.watch("?after=0&user=ann").body.contains("\"run\":\"a\""))
        #expect(try await server.watch("?after=0&user=ann").kinds == ["run"])
        #expect(try await server.watch("?after=0&kinds=job,plan").kinds == ["job"])
        await server.close()
    }

    @Test(
        "bad input is refused", arguments: ["?after=x", "?after=-1", "?after=99999999999999999999", "?kinds=nothing"])
    func bad(query: String) async throws {
        let server = try EventsServer(board())
        let answer = try await Exchange.get("/mgmt/events\(query)", port: server.port)
        #expect(answer.status == 400 && answer.head.contains("application/problem+json"))
        #expect(try await Exchange.get("/mgmt/events", port: server.port, headers: ["Last-Event-ID: x"]).status == 400)
        await server.close()
    }
}

/// A board behind a real door.
@Loop
private final class EventsServer {
    struct Watched {
        let body: String

        private func values(_ field: String) -> [String] {
            body.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("\(field): ") }.map {
                String($0.dropFirst(field.count + 2))
            }
        }

        var kinds: [String] { values("event") }
        var ids: [Int64] { values("id").compactMap { Int64($0) } }
    }

    let board: EventBoard
    let port: Int
    private let server: Server
    private let scope = Scope("server") { _, _ in }

    init(_ board: EventBoard) throws {
        self.board = board
        let router = Router()
        router.add(EventsDoor(Gate(), board), traced: .off)
        server = Server(router, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
    }

    /// Everything that a client gets until the board lets go of it.
    func watch(_ query: String, _ headers: [String] = [], during: () -> Void = {}) async throws -> Watched {
        let answer = Waiter<Exchange>("a watched stream")
        scope.spawn("a watcher") { [port] in
            answer.finish(
                .success(try await Exchange.get("/mgmt/events\(query)", port: port, headers: headers)))
        }
        while board.feedCount == 0 { await Loop.yield() }
        during()
        board.close()
        return Watched(body: try await answer.value().body)
    }

    func close() async {
        await server.drain(grace: .zero)
        await scope.close()
    }
}
