import Glibc
import LuaBridge
import Runtime

/// What a hook's facts look like: ten fields of mixed types.
private struct Facts {
    var user = "anna", door = "openai", model = "open-persona/build", chat = "c-4711", text = "please look at the build"
    var messages = 12, started = 1_763_700_000, tokens = 48_211
    var isTurn = true, hasFiles = false

    func put(_ parcel: inout Parcel) {
        let table = parcel.beginTable()
        parcel.put(literal: "user")
        parcel.put(user)
        parcel.put(literal: "door")
        parcel.put(door)
        parcel.put(literal: "model")
        parcel.put(model)
        parcel.put(literal: "chat")
        parcel.put(chat)
        parcel.put(literal: "text")
        parcel.put(text)
        parcel.put(literal: "messages")
        parcel.put(messages)
        parcel.put(literal: "started")
        parcel.put(started)
        parcel.put(literal: "tokens")
        parcel.put(tokens)
        parcel.put(literal: "is_turn")
        parcel.put(isTurn)
        parcel.put(literal: "has_files")
        parcel.put(hasFiles)
        parcel.end(table, count: 10)
    }
}

private struct Decision {
    var engine = "", mode = "", after: Int64 = 0, isIsolated = false

    init(_ reader: inout ParcelReader) {
        reader.fields { name, reader in
            switch name {
            case "engine": engine = reader.string() ?? ""
            case "mode": mode = reader.string() ?? ""
            case "after": after = reader.integer() ?? 0
            case "isolated": isIsolated = reader.bool() ?? false
            default: break
            }
        }
    }
}

private let hookText = """
    return function(facts)
      if facts.is_turn and facts.messages > 3 then
        return { engine = "opencode", mode = facts.user, after = facts.messages * 2, isolated = not facts.has_files }
      end
      return { engine = "provider" }
    end
    """

@Loop
func luaBench() async throws {
    let state = try LuaState { @Loop in await Loop.yield() }
    try state.waitingFunction("wait") { call in
        let number = try call.integer("n")
        call.results.put(number)
    }
    try state.function("plain") { call in call.results.put(try call.integer("n")) }
    let hook = try state.callNow(state.load(hookText, script: "hook.lua"), results: { $0.function() })!
    let facts = Facts()

    try measure("lua hook, 10 fields in, 4 back, at once", 300_000) {
        let decision = try state.callNow(hook, arguments: facts.put, results: { Decision(&$0) })
        precondition(decision.after == 24)
    }
    try await measureWaiting("lua hook, 10 fields in, 4 back, may wait", 300_000) {
        let decision = try await state.call(hook, arguments: facts.put, results: { Decision(&$0) })
        precondition(decision.after == 24)
    }
    let value: LuaValue = [
        "user": "anna", "door": "openai", "model": "open-persona/build", "chat": "c-4711",
        "text": "please look at the build",
        "messages": 12, "started": 1_763_700_000, "tokens": 48_211, "is_turn": true, "has_files": false,
    ]
    try measure("lua hook through LuaValue", 100_000) {
        let decision = try state.callNow(hook, value)
        precondition(decision[0]["after"] == 24)
    }
    try await loops(state)
    try reload()
    state.close()
}

@Loop
private func loops(_ state: LuaState) async throws {
    let empty = try state.load("return", script: "t")
    try await measureWaiting("lua coroutine begun and finished", 300_000) { try await state.call(empty) { _ in } }
    let count = 300_000
    for (name, text) in [
        ("lua wait and resume", "for i = 1, ... do wait(i) end"),
        ("lua plain host call", "for i = 1, ... do plain(i) end"),
    ] {
        let function = try state.load(text, script: "t")
        var best = Double.infinity
        for _ in 0..<5 {
            let start = now()
            try await state.call(
                function, LuaCallOptions(runningTime: .seconds(60)), arguments: { $0.put(count) }, results: { _ in })
            best = min(best, (now() - start) / Double(count))
        }
        report(name, best)
    }
}

/// Thirty files of 150 lines, as a generation of scripts might have.
@Loop
private func reload() throws {
    let lines = (0..<36).map { index in
        """
        function hooks.f\(index)(facts, next)
          if not facts.name then return next(facts) end
          return { name = facts.name .. "\(index)", after = \(index) }
        end
        """
    }
    let text = "local hooks = {}\n\n" + lines.joined(separator: "\n") + "\nlocal unused = 0\nreturn hooks\n"
    try measure("lua reload of 30 files, \(30 * text.split(separator: "\n").count) lines", 200) {
        let state = try LuaState { @Loop in await Loop.yield() }
        for file in 0..<30 {
            let chunk = try state.load(text, script: "scripts/hooks/\(file).lua")
            try state.callNow(chunk, LuaCallOptions(keepsTables: true)) { precondition($0.table() != nil) }
        }
        try state.freeze(advice: "no")
        state.close()
    }
}

private func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// The best of five rounds: what the machine does beside must not count.
@Loop
private func measure(_ name: String, _ count: Int, _ body: () throws -> Void) rethrows {
    var best = Double.infinity
    for _ in 0..<5 {
        let start = now()
        for _ in 0..<count / 5 { try body() }
        best = min(best, (now() - start) / Double(count / 5))
    }
    report(name, best)
}

@Loop
private func measureWaiting(_ name: String, _ count: Int, _ body: @Loop () async throws -> Void) async rethrows {
    var best = Double.infinity
    for _ in 0..<5 {
        let start = now()
        for _ in 0..<count / 5 { try await body() }
        best = min(best, (now() - start) / Double(count / 5))
    }
    report(name, best)
}

private func report(_ name: String, _ nanoseconds: Double) {
    print("{\"name\":\"\(name)\",\"ns\":\((nanoseconds * 10).rounded() / 10)}")
}
