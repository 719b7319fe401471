import Glibc
import Runtime

/// Problems of scripts on a terminal: `file:line: what is wrong`, as editors follow it, with the advice below.
enum ProblemText {
    static func lines(
        _ problem: ScriptProblem, at path: String, _ tone: (String) -> String, _ paint: Paint
    ) -> [String] {
        let place = "\(path)\(problem.line.map { ":\($0)" } ?? ""):"
        let message = problem.message.split(separator: "\n", omittingEmptySubsequences: false)
        let first = "\(paint.bold(place)) \(tone(String(message.first ?? "")))"
        let rest = message.dropFirst().map { "    \($0)" }
        return [first] + rest + (problem.hint.map { [paint.faint("    \($0)")] } ?? [])
    }

    /// From the working directory, when it lies below it.
    static func shortened(_ path: String) -> String {
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        let here = String(cString: buffer) + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }
}
