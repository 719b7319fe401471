import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("Perigee ends while runners are at work", .serialized)
@Loop
struct ProcessKillTests {
    /// `PERIGEE_KILL_POINTS=200` for more, with twenty users; `PERIGEE_KILL_SEED=17` for one that failed and those behind.
    private nonisolated static let points = number("PERIGEE_KILL_POINTS") ?? 10
    private nonisolated static let first = number("PERIGEE_KILL_SEED") ?? 0

    private nonisolated static func number(_ name: String) -> Int? {
        TestEnvironment.value(of: name).flatMap { Int($0) }
    }

    @Test("at whatever moment: no turn is lost or run twice, those at work go on, and no runner is there twice")
    func anywhere() async throws {
        let users = (1...(Self.points > 100 ? 20 : 3)).map { "user\($0)x" }
        try await ProcessChats.with(
            ["RUNNER_MAX=40", "LOG_LEVEL=info"], within: .seconds(60 + 30 * Self.points)
        ) { chats in
            for user in users { #expect(try await chats.turn(user, "say hello").text.hasSuffix("hello")) }
            var inside = 0
            for seed in Self.first..<Self.first + Self.points {
                let kill = ProcessKill(chats, users: users, seed: UInt64(seed))
                try await kill.play()
                inside += kill.wasInside ? 1 : 0
            }
            #expect(inside * 2 >= Self.points, "only \(inside) ends met a turn at work")
            #expect(try await chats.perigee("run-job", "orphans").code == 0)
            #expect(try await chats.starts().count == users.count)
        }
    }
}
