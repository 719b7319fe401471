import Glibc
import Runtime

/// `/mgmt/scripts`: what serves, what failed, and the order to load anew.
@Loop
struct ScriptsDoor: Door {
    let name = "scripts"
    private let gate: Gate
    private let scripts: Scripts

    init(_ gate: Gate, _ scripts: Scripts) {
        self.gate = gate
        self.scripts = scripts
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/scripts", summary: "The scripts that serve, and why newer ones do not.",
                answers: [200: "generation and failure", 403: "not for you"], schema: .ref("Scripts"),
                action: .plain { request in
                    try gate.require(.manage, request)
                    return .json(report())
                }),
            Endpoint(
                method: .post, path: "/mgmt/scripts/reload", summary: "Loads the scripts anew.",
                answers: [
                    200: "they serve now", 403: "not for you", 422: "they do not load, and why; those before serve on",
                ], schema: .ref("Scripts"), toldAlike: [422], action: .task(reload)),
        ]
    }

    private func reload(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        switch await scripts.reload("request") {
        case .success: return .json(report())
        case .failure: return .json(report(), status: 422)
        }
    }

    private func report() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { ScriptsDoor.describe(scripts, now: Double(time(nil)), files: true, in: &$0) }
        return writer.finish()
    }

    /// The members `generation`, `failure` and `reloads`; `/mgmt/status` has them as well.
    static func describe(_ scripts: Scripts, now: Double, files: Bool, in writer: inout JSONWriter) {
        writer.object("generation") { describe(scripts.live, now: now, files: files, in: &$0) }
        if let fallback = scripts.fallback { writer.member("fallback", fallback.rawValue) }
        if let failure = scripts.failure {
            writer.object("failure") { describe(failure, now: now, in: &$0) }
        } else {
            writer.member(null: "failure")
        }
        writer.object("reloads") {
            $0.member("good", scripts.reloads.good)
            $0.member("bad", scripts.reloads.bad)
        }
        writer.member("draining", scripts.drainingCount)
    }

    private static func describe(_ live: Generation, now: Double, files: Bool, in writer: inout JSONWriter) {
        writer.member("number", live.number)
        writer.member("since", moment(live.began))
        writer.member("age_s", Int(max(0, now - live.began)))
        writer.member("memory", live.usedMemory)
        writer.member("calls", live.callCount)
        guard files else {
            writer.member("files", live.files.count)
            writer.member("own_files", live.files.count { $0.origin == .owner })
            return
        }
        writer.array("files") { list in
            for file in live.files {
                list.object {
                    $0.member("name", file.name)
                    $0.member("kind", file.kind.rawValue)
                    $0.member("origin", file.origin.rawValue)
                    $0.member("replaces", file.replacesShipped)
                    $0.member("size", file.text.count)
                    $0.member("digest", file.digest)
                    $0.member("path", file.path)
                }
            }
        }
    }

    private static func describe(_ failure: ScriptFailure, now: Double, in writer: inout JSONWriter) {
        writer.member("number", failure.number)
        writer.member("since", moment(failure.since))
        writer.member("age_s", Int(max(0, now - failure.since)))
        writer.array("problems") { list in
            for problem in failure.problems {
                list.object {
                    $0.member("script", problem.script)
                    if let line = problem.line { $0.member("line", line) }
                    $0.member("message", problem.message)
                    if let hint = problem.hint { $0.member("hint", hint) }
                }
            }
        }
    }

    /// RFC 3339, in UTC.
    private static func moment(_ seconds: Double) -> String {
        CivilTime(secondsSinceEpoch: Int64(seconds)).description.replacing(" ", with: "T") + "Z"
    }
}
