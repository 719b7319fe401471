/// Scheduled work where there is none: in specs, which arrange what they need around the functions under test.
@Loop
final class NoJobs: WorldJobs {
    func list() -> [JobState] { [] }
    func get(_ name: String) throws -> JobState { throw unknown(name) }
    func run(_ name: String, plansOnly: Bool) async throws -> Int64 { throw unknown(name) }
    func history(_ name: String?, limit: Int) async throws -> [JobRecord] { [] }
    func pause(_ name: String) async throws { throw unknown(name) }
    func resume(_ name: String) async throws { throw unknown(name) }
    func plans(of job: String?, limit: Int) async throws -> [PlanRecord] { [] }

    private func unknown(_ name: String) -> Fault { Fault(.notFound, "there is no job \"\(name)\"") }
}
