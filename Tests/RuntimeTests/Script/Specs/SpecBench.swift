import LuaBridge

@testable import Runtime

/// Runs spec texts that stand in the test itself, with a host module that has one function of each kind.
@Loop
enum SpecBench {
    static func run(
        _ spec: String, scripts: [String: String] = [:], filter: String? = nil,
        limits change: (inout ScriptLimits) -> Void = { _ in }
    ) async throws -> SpecReport {
        var set = SpecSet()
        set.specs = [SpecFile(name: "hooks/tried_spec.lua", origin: .owner, text: Array(spec.utf8))]
        set.scripts = scripts.map { name, text in
            let kind = ScriptKind(directory: name.prefix { $0 != "/" })!
            return ScriptFile(name: name, path: "/\(name)", origin: .owner, kind: kind, text: Array(text.utf8))
        }
        var limits = ScriptLimits()
        change(&limits)
        return try await SpecRunner(limits: limits) { _ in HostTable([root, echo]) }.run(set, filter: filter)
    }

    /// The failure of the only spec that fails.
    static func failure(
        _ spec: String, limits change: (inout ScriptLimits) -> Void = { _ in }
    ) async throws -> SpecFailure? {
        let failures = try await run(spec, limits: change).failures
        return failures.count == 1 ? failures[0].failure : nil
    }

    /// What `body` of the only `it` fails with.
    static func failure(in body: String) async throws -> SpecFailure? {
        try await failure("it(\"tries\", function()\n\(body)\nend)")
    }

    private static var root: HostModule { HostModule("", "", []) }

    private static var echo: HostModule {
        HostModule(
            "echo", "",
            [
                HostFunction(waiting: "later", "", [.required("value", .any, "")]) { call in
                    await Loop.yield()
                    return call["value"]
                },
                HostFunction(waiting: "never", "") { _ in
                    try await Waiter<LuaValue>("what never comes").value()
                },
                HostFunction(waiting: "refuse", "") { _ in throw Fault(.denied, "not here", hint: "go there") },
            ])
    }
}
