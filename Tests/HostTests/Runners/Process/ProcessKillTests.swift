import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("Perigee ends while runners are at work", .serialized)
@Loop
struct ProcessKillTests {
    @Test("at whatever moment: no turn is lost or run twice, those at work go on, and no runner is there twice")
    func anywhere() async throws {
        let (points, users) = (KillPoints.count(else: 6), KillPoints.users(else: 3))
        try await ProcessChats.with(
            ["RUNNER_MAX=40", "LOG_LEVEL=info"], within: .seconds(60 + 30 * points)
        ) { chats in
            for user in users { #expect(try await chats.turn(user, "say hello").text.hasSuffix("hello")) }
            await KillPoints.play(on: chats, users: users, points: points)
            #expect(try await chats.perigee("run-job", "orphans").code == 0)
            #expect(try await chats.starts().count == users.count)
        }
    }
}
