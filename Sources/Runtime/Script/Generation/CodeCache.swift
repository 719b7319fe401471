import LuaBridge

/// Compiled scripts by their content, so that a reload compiles only what changed, and never on the loop.
@Loop
final class CodeCache {
    private var known: [String: LuaCode] = [:]

    /// Those of the set that compile; `problems` gets the others.
    func codes(for set: ScriptSet, memory: Int, problems: inout [ScriptProblem]) async throws -> [String: LuaCode] {
        let missing = set.files.filter { known[CodeCache.key($0)] == nil }
        let compiled = try await BlockingPool.shared.run("compiling scripts") {
            missing.map { file in
                (file, Result { try LuaCode(compiling: file.text, script: file.name, memory: memory) })
            }
        }
        for (file, outcome) in compiled {
            switch outcome {
            case .success(let code): known[CodeCache.key(file)] = code
            case .failure(let error): problems.append(ScriptProblem(error, in: file.name))
            }
        }
        return Dictionary(
            uniqueKeysWithValues: set.files.compactMap { file in
                known[CodeCache.key(file)].map { (file.name, $0) }
            })
    }

    /// Forgets what neither set has.
    func keepOnly(_ sets: [[ScriptFile]]) {
        let wanted = Set(sets.joined().map(CodeCache.key))
        known = known.filter { wanted.contains($0.key) }
    }

    private static func key(_ file: ScriptFile) -> String { "\(file.name) \(file.digest)" }
}
