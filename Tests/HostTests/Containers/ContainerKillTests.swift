import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("chats answered by containers, when Perigee is killed")
@Loop
struct ContainerKillTests {
    private static let words = (1...60).map { "word\($0)" }.joined(separator: " ")
    private nonisolated static let points = KillPoints.count(else: 4)

    @Test(
        "wherever it is killed, a user has one container at most afterwards, and a turn that ran is followed to its end"
    )
    func anywhere() async throws {
        try await ContainerHouse.with(within: .seconds(60 + 20 * Self.points)) { house in
            for seed in KillPoints.first..<KillPoints.first + Self.points {
                do {
                    try await Deadline.within(.seconds(60)) { try await point(UInt64(seed), house) }
                } catch {
                    let end = try await house.chat.end()
                    Issue.record("seed \(seed): \(Fault(error)); Perigee \(end): \(house.chat.log.suffix(4000))")
                    try await house.chat.start()
                    break
                }
            }
        }
    }

    @Test("with many users at once: no turn is lost or run twice, those at work go on, and no container is there twice")
    func many() async throws {
        let (points, users) = (KillPoints.count(else: 2), KillPoints.users(else: 3))
        try await ContainerHouse.with(
            // Twenty agents on a busy machine take their time to answer.
            ["RUNNER_MAX=40", "PERIGEE_AGENT_PATIENCE=20s"], within: .seconds(180 + 40 * points)
        ) { house in
            for user in users { #expect(try await house.ask(user, "say hello").text.contains("hello")) }
            await KillPoints.play(on: house, users: users, points: points)
            let orphans = try await house.perigee(["run-job", "orphans"])
            #expect(orphans.code == 0)
            #expect(try await house.areWhole())
        }
    }

    /// A user of its own each time, so that each begins without a container. Even seeds kill during its start.
    private func point(_ seed: UInt64, _ house: ContainerHouse) async throws {
        var random = SeededGenerator(seed: seed)
        let user = "user\(seed)"
        let isCold = seed % 2 == 0
        let answer = try await house.begin(user, "bash echo once >> count; slow 10; say \(Self.words)")
        if isCold {
            try await answer.until("Starting the agent")
            try await Loop.sleep(for: .milliseconds(Int.random(in: 0...900, using: &random)))
        } else {
            try await answer.until("word\(Int.random(in: 1...40, using: &random))")
        }
        try await house.chat.end(SIGKILL)
        answer.leave()
        try await house.chat.start()

        let run = try #require(answer.reply.run)
        let state = try await house.chat.outcome(of: run)
        #expect(["succeeded", "failed", "interrupted"].contains(state), "seed \(seed): \(state)")
        if !isCold {
            #expect(state == "succeeded", "seed \(seed): its agent was at work still, and the turn \(state)")
        }
        #expect(try await house.ask(user, "say still here").text.contains("still here"), "seed \(seed)")
        let count = try await house.run("cat count", for: user)
        #expect(count == "once\n" || state != "succeeded" && !count.contains("once\nonce"), "seed \(seed): \(count)")

        // One container and one network for each user so far, and each of them in the book.
        let known = try await house.chat.get("/mgmt/runners").json["runners"].elements.compactMap {
            $0["identity"].string
        }
        let there = try await house.containers()
        #expect(Set(there.map(\.id)) == Set(known) && Set(there.map(\.name)).count == known.count, "seed \(seed)")
        #expect(Set(try await house.networks()) == Set(there.map(\.name)), "seed \(seed)")
        let name = try #require(try await house.runner(of: user)["name"].string)
        #expect(try await house.perigee(["runners", "stop", name]).code == 0, "seed \(seed)")
        #expect(try await house.holds(0), "seed \(seed): something is left")
    }
}
