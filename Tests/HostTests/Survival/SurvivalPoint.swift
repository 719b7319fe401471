import TestSupport

/// One fault at one moment of a conversation, both from a seed, so that what it led to can be seen again.
struct SurvivalPoint: CustomStringConvertible {
    enum Mishap: String, CaseIterable {
        // The agent's server.
        case restarted, restartedWithoutSessions, away, hung, silent, heartbeatsOnly
        // What is between it and Perigee.
        case streamsDropped, streamsMuted, connectionsDropped
        // Perigee, by kill -9.
        case perigeeKilled, bothKilled
        /// Before the client has heard that its turn was accepted.
        case perigeeKilledEarly
        // The client.
        case clientLeft
    }

    let seed: UInt64
    let mishap: Mishap
    /// After so many events that the client has seen.
    let moment: Int
    /// How long it lasts, where it is not over at once, in milliseconds.
    let length: Int

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        self.seed = seed
        // In turn, so that a few points have them all.
        mishap = Mishap.allCases[Int(seed % UInt64(Mishap.allCases.count))]
        moment = Int.random(in: 0...34, using: &random)
        length = Int.random(in: 50...1500, using: &random)
    }

    var description: String { "seed \(seed): \(mishap.rawValue) after \(moment) events, for \(length) ms" }

    /// In every prompt, so that each is found in the double's log.
    var mark: String { "p\(seed)x" }

    /// Text, a tool, a permission, a question and a subtask, and a word behind each by which its telling is counted.
    var prompt: String {
        [
            "slow 2; think hm", "say \(mark) one two three", "bash echo from-\(mark)", "say four-\(mark)",
            "ask edit notes.txt", "say five-\(mark)", "question Which? | Red | Blue", "say six-\(mark)",
            "task general say within && bash echo below-\(mark)", "say seven-\(mark) the end",
        ].joined(separator: "; ")
    }

    /// Each stands once in an answer that is whole.
    var words: [String] {
        ["\(mark) one two three", "four-\(mark)", "five-\(mark)", "six-\(mark)", "seven-\(mark) the end"]
    }
}
