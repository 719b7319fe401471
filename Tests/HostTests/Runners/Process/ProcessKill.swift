import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// One moment at which Perigee ends while several runners are at work, and what must hold behind it. All of it comes
/// from a seed, so that what it led to can be seen again.
@Loop
final class ProcessKill {
    /// One user's turn.
    private struct Turn {
        let user: String
        let mark: String
        /// What the client was told before the end.
        var run: String?
        var hasText = false
    }

    private let chats: ProcessChats
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

    init(_ chats: ProcessChats, users: [String], seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        self.chats = chats
        self.seed = seed
        turns = users.map { Turn(user: $0, mark: "p\(seed)\($0)") }
        signal = seed % 4 == 3 ? SIGTERM : SIGKILL
        cold = Set(users.indices.filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
        moment = Int.random(in: 0...(users.count * 20), using: &random)
        rounds = Int.random(in: 0...200, using: &random)
    }

    private var name: String { "seed \(seed), signal \(signal) after \(moment) events, \(cold.count) cold" }

    private func words(_ mark: String) -> String {
        [
            "slow 8; say \(mark) one two three four five", "bash echo \(mark) >> turns-\(mark)",
            "say then-\(mark) six seven eight nine", "say end-\(mark)",
        ].joined(separator: "; ")
    }

    func play() async throws {
        for index in cold {
            // It may have been ended before it was of use, at an earlier moment.
            guard let runner = try await chats.runner(of: turns[index].user) else { continue }
            try await chats.stop(runner["name"].string ?? "")
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
        if moment > 0 { try await Deadline.within(.seconds(30)) { try await reached.value() } }
        for _ in 0..<rounds { await Loop.yield() }
        wasInside = scope.taskCount > 0
        try await chats.bed.end(signal)
        await scope.close()
        try await chats.bed.start()
        for turn in turns { try await check(turn) }
        try await chats.until("one start of each runner, \(name)") {
            try await chats.starts().values.allSatisfy { $0.count == 1 }
        }
        #expect(try await chats.starts().count <= turns.count, "\(name)")
    }

    private func client(_ index: Int) async throws {
        let mark = turns[index].mark
        let answer = try await chats.open(turns[index].user, words(mark), chat: mark)
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
            let state = try await Deadline.within(.seconds(40)) { try await chats.bed.outcome(of: run) }
            let record = try await chats.bed.get("/mgmt/runs/\(run)").json
            let ending = "\(name): \(turn.mark) is \(state), \(record["error"]["message"].string ?? "without a fault")"
            #expect(["succeeded", "interrupted", "failed"].contains(state), "\(ending)")
            // Its agent was at work, and nobody has ended that.
            if turn.hasText { #expect(state == "succeeded", "\(ending)") }
            let directory = try await chats.directory(of: turn.user)
            let count = try chats.read("\(directory)/turns-\(turn.mark)").split(separator: "\n").count
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
