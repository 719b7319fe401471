import LuaBridge

/// One `it` as a file wrote it down, with what surrounds it.
struct SpecCase {
    let path: [String]
    let body: LuaFunction
    /// From the outermost description to the innermost.
    let before: [LuaFunction]
    /// From the innermost to the outermost.
    let after: [LuaFunction]
}

/// Gathers what a spec file describes while it loads.
@Loop
final class SpecBook {
    private struct Chapter {
        let name: String
        var before: [LuaFunction] = []
        var after: [LuaFunction] = []
    }

    private struct Entry {
        let path: [String]
        let body: LuaFunction
        /// Those around it by their number, because their `before_each` may come after it.
        let chapters: [Int]
    }

    /// The first is the file itself.
    private var chapters = [Chapter(name: "")]
    private var open = [0]
    private var entries: [Entry] = []
    private var isClosed = false
    /// What the last failed expectation said.
    var mismatch: SpecMismatch?

    /// Nothing more can be described: from here on the specs run.
    func close() -> [SpecCase] {
        isClosed = true
        return entries.map { entry in
            let around = entry.chapters.map { chapters[$0] }
            return SpecCase(
                path: entry.path, body: entry.body, before: around.flatMap(\.before),
                after: around.reversed().flatMap(\.after))
        }
    }

    /// The globals that Swift provides.
    var words: [HostFunction] {
        [
            HostFunction(
                "it", "States one behaviour and shows that it holds. The body may wait.",
                [
                    .required("name", .text(), "The behaviour, in words."),
                    .required("body", .function(Signature([])), "What shows it, with `expect`."),
                ]
            ) { [unowned self] call in
                let body = try check("it", call)
                let name = call.text("name")
                let path = open.dropFirst().map { chapters[$0].name } + [name]
                guard !entries.contains(where: { $0.path == path }) else {
                    throw ScriptMistake("there are two specs called \"\(path.joined(separator: ": "))\"")
                }
                entries.append(Entry(path: path, body: body, chapters: open))
                return .nil
            },
            hook("before_each", "Runs before each `it` of this description, those of outer ones first.") {
                $0.before.append($1)
            },
            hook("after_each", "Runs after each `it` of this description, failed ones too, inner ones first.") {
                $0.after.append($1)
            },
        ]
    }

    /// What the prelude calls.
    var callbacks: [HostFunction] {
        [
            HostFunction("enter", "", [.required("name", .text(), "")]) { [unowned self] call in
                if isClosed { throw ScriptMistake("describe: cannot stand inside an `it`") }
                chapters.append(Chapter(name: call.text("name")))
                open.append(chapters.count - 1)
                return .nil
            },
            HostFunction("leave", "") { [unowned self] _ in
                open.removeLast()
                return .nil
            },
            HostFunction(
                "mismatch", "",
                [
                    .required("expected", .text(), ""), .required("got", .text(), ""),
                    .optional("left", .text(), ""), .optional("right", .text(), ""),
                ]
            ) { [unowned self] call in
                let difference = call["left"].string.map { LineDifference.between($0, call["right"].string ?? "") }
                let mismatch = SpecMismatch(
                    expected: call.text("expected"), got: call.text("got"), difference: difference ?? [])
                self.mismatch = mismatch
                return .string(mismatch.message)
            },
            HostFunction(
                "nearest", "", [.required("name", .text(), ""), .required("known", .list(.text()), "")]
            ) { call in
                guard let near = NearestName.of(call.text("name"), among: call.options("known").texts) else {
                    return ""
                }
                return .string("; did you mean '\(near)'?")
            },
        ]
    }

    private func hook(
        _ name: String, _ summary: String, _ add: @escaping (inout Chapter, LuaFunction) -> Void
    ) -> HostFunction {
        HostFunction(name, summary, [.required("body", .function(Signature([])), "What to do.")]) {
            [unowned self] call in
            let body = try check(name, call)
            add(&chapters[open.last!], body)
            return .nil
        }
    }

    private func check(_ word: String, _ call: HostCall) throws -> LuaFunction {
        if isClosed { throw ScriptMistake("\(word): cannot stand inside an `it`") }
        return call["body"].function!
    }
}

extension HostOptions {
    /// The texts of a list argument.
    fileprivate var texts: [String] {
        if case .array(let values) = value { values.compactMap(\.string) } else { [] }
    }
}
