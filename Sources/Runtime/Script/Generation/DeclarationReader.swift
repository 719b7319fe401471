import LuaBridge

/// Takes what one script returned, checks it against the contract of its kind, and files it.
@Loop
struct DeclarationReader {
    let file: ScriptFile
    let value: LuaValue

    func read(into contents: inout GenerationContents, hooks: inout [String: [HookChain.Link]]) throws {
        do {
            switch file.kind {
            case .hook: try readHooks(into: &contents, &hooks)
            case .gc:
                try Shape.record(Contract.gcJob).check(value)
                contents.jobs.append(try ScriptJob(value, .gc, script: file.name))
            case .job:
                try Shape.record(Contract.job).check(value)
                contents.jobs.append(try ScriptJob(value, .job, script: file.name))
            case .persona:
                try Shape.record(Contract.persona).check(value)
                let persona = declaration(named: "id")
                contents.personas.append(persona)
                contents.offeredPersonas += [ScriptPersona(persona)].filter(\.isEnabled)
            case .integration:
                try Shape.record(Contract.integration).check(value)
                contents.integrations.append(try ScriptIntegration(value, script: file.name))
            case .library: break
            }
        } catch let fault as ShapeFault {
            let subject = fault.field.isEmpty ? "what it returns" : "field '\(fault.field)'"
            throw ScriptProblem(file.name, line: line(of: fault.field), "\(subject) \(fault.message)", hint: fault.hint)
        }
    }

    private func declaration(named field: LuaKey) -> ScriptDeclaration {
        ScriptDeclaration(kind: file.kind, name: value[field]?.string ?? "", script: file.name, value: value)
    }

    private func readHooks(
        into contents: inout GenerationContents, _ hooks: inout [String: [HookChain.Link]]
    ) throws {
        try Shape.record(Contract.hookFile).check(value)
        guard case .table(let fields) = value else { return }
        for (key, value) in fields.inOrder {
            if let function = value.function {
                hooks[key.text, default: []].append(HookChain.Link(script: file.name, function: function))
            } else if case .table(let routes) = value {
                for (name, value) in routes.inOrder {
                    contents.routes.append(try ScriptRoute(name.text, value, script: file.name))
                }
            }
        }
    }

    /// Where the field is written, as nearly as the text tells: the first line that sets its last name.
    private func line(of path: String) -> Int? {
        let name = path.split { $0 == "." || $0 == "[" }.last.map { $0.prefix { $0 != "]" } } ?? ""
        guard !name.isEmpty, name.first?.isNumber == false else { return nil }
        let text = String(decoding: file.text, as: UTF8.self)
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let found = line.firstRange(of: name) else { continue }
            let before = line[..<found.lowerBound].last
            let after = line[found.upperBound...].first { $0 != " " && $0 != "\"" && $0 != "]" }
            let isWord = before.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
            if !isWord, after == "=" || after == "(" { return number + 1 }
        }
        return nil
    }

    /// Names that two scripts give to different things.
    static func clashes(in contents: GenerationContents) -> [ScriptProblem] {
        clashes(contents.jobs.map { ("job", $0.name, $0.script) })
            + clashes(contents.personas.map { ("persona", $0.name, $0.script) })
            + clashes(contents.integrations.map { ("integration", $0.name, $0.script) })
            + clashes(contents.routes.map { ("route", "\($0.method.rawValue) \($0.pattern)", $0.script) })
    }

    private static func clashes(_ names: [(what: String, name: String, script: String)]) -> [ScriptProblem] {
        var first: [String: String] = [:]
        return names.compactMap { what, name, script in
            guard let earlier = first.updateValue(first[name] ?? script, forKey: name) else { return nil }
            return ScriptProblem(
                script, "the \(what) \"\(name)\" is declared by \(earlier) already", hint: "give one another name")
        }
    }
}
