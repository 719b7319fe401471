import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// Users of the whole program with runners of their own, whatever makes these real.
@Loop
protocol RunnerUsers: AnyObject {
    var bed: ChatBed { get }
    /// A turn in that chat, whose answer is on its way.
    func open(_ user: String, _ words: String, in chat: String) async throws -> HTTPAnswer
    /// Stops the user's runner, if there is one.
    func stopRunner(of user: String) async throws
    func directory(of user: String) async throws -> String
    /// Nothing bears our mark on this machine but runners that the program knows, each of them once.
    func areWhole() async throws -> Bool
    /// How many there are.
    func runnerCount() async throws -> Int
    /// For a failure's words.
    func state() async throws -> String
}

/// How many moments are tried, and with how many users. `PERIGEE_KILL_POINTS=200` for more, with twenty users unless
/// `PERIGEE_KILL_USERS` says otherwise; `PERIGEE_KILL_SEED=17` begins with one that failed.
enum KillPoints {
    static func count(else usual: Int) -> Int { number("PERIGEE_KILL_POINTS") ?? usual }
    static let first = number("PERIGEE_KILL_SEED") ?? 0

    static func users(else usual: Int) -> [String] {
        let count = number("PERIGEE_KILL_USERS") ?? (Self.count(else: 0) > 100 ? 20 : usual)
        return (1...count).map { "user\($0)x" }
    }

    /// Plays them one after the other, up to the first that leaves the program in no state to go on from.
    @Loop
    static func play(on ground: any RunnerUsers, users: [String], points: Int) async {
        var inside = 0
        for seed in first..<first + points {
            let kill = RunnerKill(ground, users: users, seed: UInt64(seed))
            do {
                try await kill.play()
            } catch {
                Issue.record("\(kill.name): \(Fault(error))")
                break
            }
            inside += kill.wasInside ? 1 : 0
            if points > 20 { tell("\(kill.name): \(kill.told)\n") }
        }
        #expect(inside * 2 >= points, "only \(inside) ends met a turn at work")
    }

    /// Hours have something to look at.
    private static func tell(_ line: String) {
        let bytes = Array(line.utf8)
        // Nothing depends on it.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func number(_ name: String) -> Int? { TestEnvironment.value(of: name).flatMap { Int($0) } }
}

/// One moment at which Perigee ends while several runners are at work, and what must hold behind it. All of it comes
/// from a seed, so that what it led to can be seen again.
@Loop
final class RunnerKill {
    /// One user's turn.
    private struct Turn {
        let user: String
        let mark: String
        /// What the client was told before the end.
        var run: String?
        var hasText = false
    }

    private let chats: any RunnerUsers
    private let seed: UInt64
    private var turns: [Turn]
    private let signal: Int32
    /// Whose runners are stopped before, so that they are being started when it happens.
    private let cold: Set<Int>
    /// After so many events of all, and so many rounds of the loop behind it.
    private let moment: Int
    private let rounds: Int
    private var seen = 0
    private let reached = Waiter<Void>("the moment of a kill")
    private(set) var wasInside = false
    /// What became of the turns, by their states.
    private var states: [String: Int] = [:]
    var told: String { states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }

    init(_ chats: any RunnerUsers, users: [String], seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        self.chats = chats
        self.seed = seed
        turns = users.map { Turn(user: $0, mark: "p\(seed)\($0)") }
        signal = seed % 4 == 3 ? SIGTERM : SIGKILL
        cold = Set(users.indices.filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
        moment = Int.random(in: 0...(users.count * 20), using: &random)
        rounds = Int.random(in: 0...200, using: &random)
    }

    var name: String { "seed \(seed), signal \(signal) after \(moment) events, \(cold.count) cold" }

    private func words(_ mark: String) -> String {
        [
            "slow 8; say \(mark) one two three four five", "bash echo \(mark) >> turns-\(mark)",
            "say then-\(mark) six seven eight nine", "say end-\(mark)",
        ].joined(separator: "; ")
    }

    func play() async throws {
        for index in cold {
            // It may have been ended before it was of use, at an earlier moment.
            try await chats.stopRunner(of: turns[index].user)
        }
        let scope = Scope("clients") { name, error in Issue.record("\(name) let \(error) escape") }
        for index in turns.indices {
            scope.spawn(turns[index].user) { [self] in
                do { try await client(index) } catch {
                    // It was ended under us.
                }
                // With the last of them there is nothing left to wait for.
                if scope.taskCount == 1 { reached.finish(.success(())) }
            }
        }
        if moment > 0 { try await Deadline.within(.seconds(120)) { try await reached.value() } }
        for _ in 0..<rounds { await Loop.yield() }
        wasInside = scope.taskCount > 0
        try await chats.bed.end(signal)
        await scope.close()
        try await chats.bed.start()
        for turn in turns { try await check(turn) }
        try await untilWhole()
        #expect(try await chats.runnerCount() <= turns.count, "\(name)")
    }

    /// What a start had not finished is being cleared away when Perigee is back.
    private func untilWhole() async throws {
        let end = Instant.clock + .seconds(60)
        while try await !chats.areWhole() {
            guard Instant.clock < end else {
                throw Fault(.timeout, "\(name): something is there twice, or nobody's: \(try await chats.state())")
            }
            try await Loop.sleep(for: .milliseconds(50))
        }
    }

    private func client(_ index: Int) async throws {
        let mark = turns[index].mark
        let answer = try await chats.open(turns[index].user, words(mark), in: mark)
        turns[index].run = answer.headers["x-perigee-run"]
        let events = answer.body.events()
        while let event = try await events.next() {
            if event.text.contains(mark) { turns[index].hasText = true }
            seen += 1
            if seen == moment { reached.finish(.success(())) }
        }
    }

    private func check(_ turn: Turn) async throws {
        let runs = try await chats.bed.get("/mgmt/runs?chat=\(turn.mark)").json["runs"].elements.compactMap {
            $0["id"].string
        }
        let isKnown = turn.run.map { runs == [$0] } ?? (runs.count <= 1)
        #expect(isKnown, "\(name): \(turn.mark) has \(runs)")
        for run in runs {
            let state = try await Deadline.within(.seconds(120)) { try await chats.bed.outcome(of: run) }
            states[state, default: 0] += 1
            let record = try await chats.bed.get("/mgmt/runs/\(run)").json
            let ending = "\(name): \(turn.mark) is \(state), \(record["error"]["message"].string ?? "without a fault")"
            #expect(["succeeded", "interrupted", "failed"].contains(state), "\(ending)")
            // Its agent was at work, and nobody has ended that.
            if turn.hasText { #expect(state == "succeeded", "\(ending)") }
            let directory = try await chats.directory(of: turn.user)
            let count = PlainFile.text("\(directory)/turns-\(turn.mark)").split(separator: "\n").count
            #expect(count <= 1 && (state != "succeeded" || count == 1), "\(ending): it was run \(count) times")
            guard state == "succeeded" else { continue }
            let told = try await text(of: run)
            for word in ["\(turn.mark) one two three four five", "then-\(turn.mark) six seven", "end-\(turn.mark)"] {
                #expect(told.ranges(of: word).count == 1, "\(ending): \"\(word)\" in: \(told)")
            }
        }
    }

    private func text(of run: String) async throws -> String {
        let events = try await chats.bed.events(of: run)
        var text = ""
        while let event = try await events.next() {
            let json = try JSON.parse(event.text)
            if json["kind"].equals("text") { text += json["text"].string ?? "" }
        }
        return text
    }
}
