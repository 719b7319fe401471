import Runtime

/// An engine without a model, for trying the product out: it shows all that an agent can show, and says what it is.
@Loop
final class RehearsalEngine: Engine {
    let name = "rehearsal"
    /// Between two words; zero for as fast as it goes.
    private let pace: Duration

    init(pace: Duration = .milliseconds(20)) { self.pace = pace }

    func perform(_ attempt: any RunAttempt) async throws {
        guard attempt.how != .resume else {
            throw RunFailure(
                .sessionMissing, "a rehearsal ends with the process that plays it, so there is nothing to go on with",
                hint: "run it again")
        }
        attempt.note(runner: "rehearsal", session: nil, message: nil)
        try await attempt.begins()
        try await Rehearsal(attempt, pace: pace).play()
    }

    /// It lives and dies with this process, and keeps no sessions.
    func remains(of run: RunRecord) async -> RunRemains {
        RunRemains(isRunnerAlive: true, session: .missing, isAnswerComplete: false)
    }
}
