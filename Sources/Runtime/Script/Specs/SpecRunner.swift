import LuaBridge

/// Runs specs one after the other, each file in a Lua of its own, none with a server or a database.
@Loop
public final class SpecRunner {
    private let limits: ScriptLimits
    private let makeTable: @Loop (World) -> HostTable
    private var modules: [String: ScriptFile] = [:]
    private var codes: [String: Result<LuaCode, LuaError>] = [:]

    /// `makeTable` gives the modules that scripts of a server would find, over the world that it is given.
    public init(limits: ScriptLimits = ScriptLimits(), makeTable: @escaping @Loop (World) -> HostTable) {
        self.limits = limits
        self.makeTable = makeTable
    }

    /// `filter` is a part of the file's name or of the spec's, whatever its case.
    public func run(_ set: SpecSet, filter: String? = nil) async throws -> SpecReport {
        let began = Instant.clock
        modules = Dictionary(set.scripts.map { ($0.module, $0) }) { first, _ in first }
        codes = [:]
        var report = SpecReport()
        report.skipped = set.skipped
        for file in set.specs {
            report.results += try await run(file, filter)
            await Loop.yield()
        }
        report.duration = Instant.clock - began
        return report
    }

    private func run(_ file: SpecFile, _ filter: String?) async throws -> [SpecResult] {
        let world = try SpecWorld()
        defer { world.close() }
        let bench = try SpecState(file, world, makeTable(world.world), limits) { [unowned self] state, name in
            module(name, in: state)
        }
        defer { bench.close() }
        let cases: [SpecCase]
        do {
            cases = try await bench.cases()
        } catch {
            return [SpecResult(file: file.name, path: [], failure: error)]
        }
        if cases.isEmpty {
            let failure = SpecFailure(
                script: file.name, line: nil, message: "describes nothing: write `it(\"…\", function() … end)`")
            return [SpecResult(file: file.name, path: [], failure: failure)]
        }
        var results: [SpecResult] = []
        for spec in cases where SpecRunner.matches(filter, file, spec) {
            let began = Instant.clock
            let failure = await bench.outcome(of: spec)
            results.append(
                SpecResult(file: file.name, path: spec.path, failure: failure, duration: Instant.clock - began))
            try Task.checkCancellation()
        }
        return results
    }

    private static func matches(_ filter: String?, _ file: SpecFile, _ spec: SpecCase) -> Bool {
        guard let filter = filter?.lowercased() else { return true }
        return "\(file.name) \(spec.path.joined(separator: " "))".lowercased().contains(filter)
    }

    /// What `require` finds, as in a server: the owner's script before the shipped one.
    private func module(_ name: String, in state: LuaState) -> LuaState.Module {
        guard let file = modules[name] else {
            let near = NearestName.of(name, among: modules.keys.sorted()).map { "did you mean '\($0)'?" }
            return .unknown(near ?? "scripts are required by names such as 'hooks.recover', those in lib by their own")
        }
        do {
            return .chunk(try state.load(code(of: file)))
        } catch let error as LuaError where error.kind == .syntax {
            // Compiled again by `require` itself, so that the error names its line.
            return .source(script: file.name, text: String(decoding: file.text, as: UTF8.self))
        } catch {
            return .unknown("\(error)")
        }
    }

    private func code(of file: ScriptFile) throws -> LuaCode {
        if let known = codes[file.name] { return try known.get() }
        let code = Result { () throws(LuaError) -> LuaCode in
            do {
                return try LuaCode(compiling: file.text, script: file.name, memory: limits.memory)
            } catch {
                throw error as? LuaError ?? LuaError(.runtime, "\(error)")
            }
        }
        codes[file.name] = code
        return try code.get()
    }
}
