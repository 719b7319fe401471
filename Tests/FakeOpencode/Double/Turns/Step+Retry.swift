import Runtime

/// Attempts that fail in a way that another may mend.
extension Step {
    /// 2 s, 4 s, 8 s… as the original waits, in this double's haste.
    func retry(_ count: Int, _ message: String) async throws {
        for attempt in 1...max(1, count) {
            let delay = min(30_000, 1000 << min(attempt, 15))
            try await wait(attempt, message, milliseconds: Double(delay) * run.life.settings.haste)
        }
    }

    /// One refusal that says how long to wait.
    func rateLimit(_ delay: Int) async throws {
        try await wait(1, "Rate limit reached", milliseconds: Double(delay) * run.life.settings.haste)
    }

    private func wait(_ attempt: Int, _ message: String, milliseconds: Double) async throws {
        let next = Int64(Clock.milliseconds) + Int64(milliseconds.rounded(.up))
        run.life.setStatus(
            run.session.id,
            ["type": "retry", "attempt": .int(attempt), "message": .string(message), "next": .integer(next)],
            run.directory)
        run.isRetrying = true
        try await Loop.sleep(for: .microseconds(Int64(milliseconds * 1000)))
        run.isRetrying = false
        run.busy()
        try run.countCall(user.id)
    }
}
