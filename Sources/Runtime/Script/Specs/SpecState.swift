import LuaBridge

/// One spec file in a Lua of its own, with the words of specs and a make-believe world.
@Loop
final class SpecState {
    let state: LuaState
    private let file: SpecFile
    private let world: SpecWorld
    private let limits: ScriptLimits.Call
    private let book = SpecBook()

    /// `scripts` finds what specs require.
    init(
        _ file: SpecFile, _ world: SpecWorld, _ table: HostTable, _ limits: ScriptLimits,
        scripts: @escaping (LuaState, String) -> LuaState.Module
    ) throws {
        self.file = file
        self.world = world
        self.limits = limits[.hook]
        state = try LuaState(limits: limits.ofState, scheduler: { await Loop.yield() })
        try table.install(in: state) { [unowned state] name in scripts(state, name) }
        try addWords()
        try state.freeze(advice: "the global '{name}' cannot be set: use `local`")
    }

    func close() { state.close() }

    private func addWords() throws {
        let globals = try state.globals()
        for word in book.words { try globals.set(.string(word.name), .host(word.function(owner: ""))) }
        try globals.set("fake", world.globals)
        world.onConfig = { [unowned self] in try set($0) }
        let keeping = LuaCallOptions(keepsTables: true)
        let values = try state.callNow(
            state.load(SpecValues.text, script: SpecPrelude.script), keeping, arguments: { $0.put(LuaValue.null) },
            results: { $0.value() })
        let callbacks = LuaValue.table(
            Dictionary(uniqueKeysWithValues: book.callbacks.map { (.string($0.name), .host($0.function(owner: ""))) }))
        let words = try state.callNow(state.load(SpecPrelude.text, script: SpecPrelude.script), callbacks, values)
        try globals.set("describe", words[0])
        try globals.set("expect", words[1])
    }

    /// Scripts hold the table of host.config already: its functions change in place.
    private func set(_ config: [String: String]) throws {
        var changed = world.world
        changed.config = config
        guard let table = try state.globals().table("host")?.table("config") else { return }
        for function in HostModule.config(changed).functions {
            try table.set(.string(function.name), .host(function.function(owner: "host.config.")))
        }
    }

    /// Loads the file, which describes its specs, and gives them.
    func cases() async throws(SpecFailure) -> [SpecCase] {
        do {
            let chunk = try state.load(String(decoding: file.text, as: UTF8.self), script: file.name)
            try await run(chunk)
            return book.close()
        } catch {
            throw failure(error)
        }
    }

    /// Runs one spec in a world of its own. What stands after it runs whatever happened before.
    func outcome(of spec: SpecCase) async -> SpecFailure? {
        var first: SpecFailure?
        do {
            try world.begin()
            for function in spec.before + [spec.body] { try await run(function) }
        } catch {
            first = failure(error)
        }
        for function in spec.after {
            do {
                try await run(function)
            } catch {
                if first == nil { first = failure(error) }
            }
        }
        if first == nil, let unanswered = world.unanswered {
            first = SpecFailure(script: file.name, line: nil, message: unanswered)
        }
        return first
    }

    private func run(_ function: LuaFunction) async throws {
        book.mismatch = nil
        let began = Instant.clock
        let call = ScriptCall(generation: 0, script: file.name, kind: .hook, function: "spec")
        try await ScriptCall.$current.withValue(call) {
            try await Deadline.within(limits.wall) {
                try await state.call(function, LuaCallOptions(runningTime: limits.computing), results: { _ in })
            }
        }
        // What waits gives a script `nil, err` when the deadline passes, which a spec may well not look at.
        if Instant.clock - began >= limits.wall {
            throw Fault(.timeout, "took longer than \(Units.describe(limits.wall)), waits included")
        }
    }

    private func failure(_ error: any Error) -> SpecFailure {
        guard let error = error as? LuaError else {
            let fault = Fault(error)
            return SpecFailure(script: file.name, line: nil, message: fault.description)
        }
        // Words of specs raise on behalf of the line that used them, which the message begins with.
        let said = SpecState.place(in: error.message)
        let isOurs = error.script == SpecPrelude.script
        let message = said?.message ?? error.message
        let mismatch = book.mismatch.flatMap { $0.message == message ? $0 : nil }
        return SpecFailure(
            script: said?.script ?? (isOurs ? nil : error.script) ?? file.name,
            line: said?.line ?? (isOurs ? nil : error.line), message: message, mismatch: mismatch,
            traceback: mismatch == nil ? SpecState.frames(error.traceback) : [])
    }

    /// "hooks/recover.lua:12: message" in its parts.
    private static func place(in message: String) -> (script: String, line: Int, message: String)? {
        let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasSuffix(".lua"), let line = Int(parts[1]) else { return nil }
        return (String(parts[0]), line, String(parts[2].drop { $0 == " " }))
    }

    /// The frames in scripts: neither C nor the words of specs say anything to their reader.
    private static func frames(_ traceback: String) -> [String] {
        traceback.split(separator: "\n").map { String($0.drop { $0 == " " || $0 == "\t" }) }.filter { line in
            !line.hasPrefix("[C]") && !line.hasPrefix("stack traceback") && !line.hasPrefix(SpecPrelude.script)
                && !line.hasPrefix("(...")
        }
    }
}
