import Runtime

/// Why the program cannot serve just now, if it cannot: what `/ready` tells a balancer, and a person.
@Loop
final class Readiness {
    private var reasons: [(part: String, reason: String)] = [("server", "starting")]

    var isReady: Bool { reasons.isEmpty }

    var all: [(part: String, reason: String)] { reasons }

    /// One reason a part; nil takes it back.
    func set(_ part: String, _ reason: String?) {
        reasons.removeAll { $0.part == part }
        if let reason { reasons.append((part, reason)) }
    }
}
