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
            for user in users {
                let answer = try await chats.turn(user, "say hello")
                #expect(answer.text.hasSuffix("hello"))
            }
            await KillPoints.play(on: chats, users: users, points: points)
            let orphans = try await chats.perigee("run-job", "orphans")
            #expect(orphans.code == 0)
            let starts = try await chats.starts()
            #expect(starts.count == users.count)
        }
    }
}
