/// Says what is wrong with scripts, without a server: builds a generation aside and lets it go.
@Loop
public enum ScriptCheck {
    public static func run(
        _ sources: ScriptSources, _ table: HostTable, _ limits: ScriptLimits
    ) async -> [ScriptProblem] {
        do {
            let set = try await BlockingPool.shared.run("reading scripts") { sources.read() }
            let builder = GenerationBuilder(
                number: 0, set: set, table: table, limits: limits, cache: CodeCache(), now: 0)
            try await builder.build().close()
            return []
        } catch let failure as GenerationBuilder.Failure {
            return failure.problems
        } catch {
            let fault = Fault(error)
            return [ScriptProblem("scripts", fault.message, hint: fault.hint)]
        }
    }
}
