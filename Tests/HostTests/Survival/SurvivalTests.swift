import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("survival")
@Loop
struct SurvivalTests {
    /// `PERIGEE_KILL_POINTS=100` for more, `PERIGEE_KILL_SEED=17` for one that failed and those behind it.
    private nonisolated static let points = number("PERIGEE_KILL_POINTS") ?? 24
    private nonisolated static let first = number("PERIGEE_KILL_SEED") ?? 0

    private nonisolated static func number(_ name: String) -> Int? {
        TestEnvironment.value(of: name).flatMap { Int($0) }
    }

    @Test(
        "wherever something breaks, each turn ends in an answer, an honest error or a question, and runs once at most")
    func anywhere() async throws {
        let settings = ["PERIGEE_AGENT_PATIENCE=2s", "LOG_LEVEL=info"]
        try await ChatBed.with(settings, within: .seconds(60 + 20 * Self.points), fake: Self.change) { bed in
            let scope = Scope("faults") { name, error in Issue.record("\(name) let \(error) escape") }
            var inside = 0
            for seed in Self.first..<Self.first + Self.points {
                let point = SurvivalPoint(seed: UInt64(seed))
                let tale = SurvivalTale(bed, point, scope)
                do {
                    try await Deadline.within(.seconds(60)) { try await tale.play() }
                    inside += tale.wasInside ? 1 : 0
                } catch {
                    // What came of it would only hide the cause, so that this is the last point.
                    let end = try await bed.end()
                    Issue.record("\(point): \(Fault(error)); Perigee \(end): \(bed.log.suffix(4000))")
                    try await bed.start()
                    break
                }
            }
            #expect(inside * 2 > Self.points || Self.points < 10, "only \(inside) faults met an answer on its way")
            await scope.close()
        }
    }

    private nonisolated static let change: @Sendable (inout FakeSettings) -> Void = { settings in
        settings.strongConfig = ["permission": ["edit": "ask"]]
        settings.heartbeat = .milliseconds(200)
    }
}
