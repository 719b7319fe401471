import Runtime

/// A world with a clock that stands still and nothing in it but what a test puts there.
@Loop
func bareWorld(
    http: any WorldHTTP = FakeHTTP(), processes: any WorldProcesses = FakeProcesses(), now: Double = 1_700_000_000
) -> World {
    let clock = ManualClock(now)
    return World(
        clock: clock, http: http, values: MemoryValues(clock: clock), processes: processes, log: Log(level: .error),
        metrics: Metrics())
}
