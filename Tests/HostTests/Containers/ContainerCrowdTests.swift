import Runtime
import TestSupport
import Testing

@testable import Host

/// Many users whose containers are all not there yet. `PERIGEE_COLD_USERS=50` for more of them.
@Suite("chats answered by containers, when many come at once")
@Loop
struct ContainerCrowdTests {
    private nonisolated static let count = TestEnvironment.value(of: "PERIGEE_COLD_USERS").flatMap { Int($0) } ?? 12
    private static let starts = 3

    @Test("all are answered, no more than the allowed starts are under way, and their next turns ask Docker nothing")
    func cold() async throws {
        let limits = ["RUNNER_MAX=\(Self.count)", "RUNNER_STARTS=\(Self.starts)", "PERIGEE_AGENT_PATIENCE=20s"]
        try await ContainerHouse.with(limits, within: .seconds(120 + 4 * Self.count)) { house in
            let users = (1...Self.count).map { "user\($0)" }
            let before = try await house.docker.requests().count
            try await everybody(users, house, "say hello from", "hello from")
            let asked = try await house.docker.requests().dropFirst(before)
            let tally = StartTally(asked)
            #expect(tally.made == Self.count && 2...Self.starts ~= tally.most, "\(tally)")
            #expect(try await house.holds(Self.count))

            let known = try await house.docker.requests().count
            try await everybody(users, house, "say warm", "warm")
            let warm = try await house.docker.requests().dropFirst(known)
            // What looks around now and then is no part of a turn.
            #expect(warm.filter { !$0.contains("/stats") }.isEmpty, "\(warm)")
        }
    }

    private func everybody(_ users: [String], _ house: ContainerHouse, _ words: String, _ told: String) async throws {
        let scope = Scope("crowd") { name, error in Issue.record("\(name): \(error)") }
        for user in users {
            scope.spawn(user) {
                let reply = try await house.ask(user, "\(words) \(user)")
                #expect(reply.text.contains("\(told) \(user)") && reply.error == nil, "\(user): \(reply.body)")
            }
        }
        await scope.close(grace: .seconds(120 + 4 * users.count))
    }
}

/// What an engine's requests say of starts: each looks for its image first and has its container run last.
private struct StartTally {
    private(set) var made = 0
    private(set) var most = 0

    init(_ requests: some Sequence<String>) {
        var open = 0
        for request in requests {
            if request.hasPrefix("GET"), request.contains("/images/") {
                open += 1
                most = max(most, open)
            } else if request.hasSuffix("/start") {
                made += 1
                open -= 1
            }
        }
    }
}
