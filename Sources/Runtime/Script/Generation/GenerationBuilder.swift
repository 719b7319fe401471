import LuaBridge

/// Builds a generation aside: compiles on the pool, loads file by file with turns of the loop in between, and checks all
/// of it before anybody sees any of it.
@Loop
struct GenerationBuilder {
    let number: Int
    let set: ScriptSet
    let table: HostTable
    let limits: ScriptLimits
    let cache: CodeCache
    let now: Double

    /// Every problem of every file, so that the owner can mend them at once.
    struct Failure: Error { let problems: [ScriptProblem] }

    func build() async throws -> Generation {
        var problems = set.problems
        let codes = try await cache.codes(for: set, memory: limits.memory, problems: &problems)
        let state = try GenerationBuilder.state(table, limits, codes)
        do {
            var contents = GenerationContents()
            var hooks: [String: [HookChain.Link]] = [:]
            for file in set.files where file.kind != .library {
                guard let code = codes[file.name] else { continue }
                do {
                    let value = try await load(file, code, in: state)
                    try DeclarationReader(file: file, value: value).read(into: &contents, hooks: &hooks)
                } catch {
                    if Task.isCancelled { throw error }
                    problems.append(ScriptProblem(error, in: file.name))
                }
                await Loop.yield()
            }
            problems += DeclarationReader.clashes(in: contents)
            guard problems.isEmpty else { throw Failure(problems: problems.sorted { $0.script < $1.script }) }
            contents.routeTable = RouteTable(contents.routes)
            for contract in Contract.hooks {
                guard let links = hooks[contract.name] else { continue }
                contents.chains[contract.name] = try HookChain(contract, links, in: state)
            }
            return Generation(
                number: number, began: now, set, limits, table, state, contents, codes: codes)
        } catch {
            state.close()
            throw error
        }
    }

    /// Runs a file's chunk and gives what it returned, as a value whose functions stay in Lua.
    private func load(_ file: ScriptFile, _ code: LuaCode, in state: LuaState) async throws -> LuaValue {
        let call = ScriptCall(generation: number, script: file.name, kind: .load, function: "load")
        // By way of `require`, so that a script that another one requires runs once.
        let require = try state.globals().get("require")
        guard let require = require.function else { throw Fault(.internal, "Lua has lost its require") }
        let results = try await Generation.run(
            state, limits[.load], call, require, keepsTables: true, arguments: { $0.put(file.module) })
        guard case .reference(let reference)? = results.first, let value = reference as? LuaTable else {
            throw ScriptProblem(
                file.name, "returns \(results.first.map { $0.inWords } ?? "nothing"), not a table",
                hint: "end it with `return { … }`")
        }
        return try value.value()
    }

    /// A state with everything that scripts can require and nothing run yet.
    static func state(_ table: HostTable, _ limits: ScriptLimits, _ codes: [String: LuaCode]) throws -> LuaState {
        let state = try LuaState(limits: limits.ofState, scheduler: { await Loop.yield() })
        let modules = Dictionary(codes.map { (ScriptFile.module(of: $0.key), $0.value) }) { first, _ in first }
        do {
            try table.install(in: state) { [unowned state] name in
                guard let code = modules[name] else { return .unknown(advice(name, Array(modules.keys))) }
                do {
                    return .chunk(try state.load(code))
                } catch {
                    return .unknown("\(error)")
                }
            }
            try state.freeze(
                advice: "the global '{name}' cannot be set: use `local`, or host.store for what must last")
            return state
        } catch {
            state.close()
            throw error
        }
    }

    private static func advice(_ name: String, _ known: [String]) -> String {
        NearestName.of(name, among: known).map { "did you mean '\($0)'?" }
            ?? "only scripts/lib, other scripts and host.* can be required"
    }
}
