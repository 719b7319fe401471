/// docs/lua.md: the same tables as the stubs, for reading.
@Loop
public struct ReferenceText {
    private let reference: ScriptReference
    private let limits: ScriptLimits

    public init(_ reference: ScriptReference, limits: ScriptLimits = ScriptLimits()) {
        self.reference = reference
        self.limits = limits
    }

    public var text: String {
        let parts = [
            ReferenceWords.opening, kinds, hooks, ReferenceWords.modules, modules, ReferenceWords.lua, limitTable,
            ReferenceWords.specs, fakes, tables,
        ]
        return parts.joined(separator: "\n\n") + "\n"
    }

    // MARK: kinds and hooks

    private var kinds: String {
        let rows = reference.kinds.map { kind in
            "| [`\(kind.directory)/`](#\(ReferenceText.anchor(heading(kind)))) | \(kind.record.summary) |"
        }
        let modules = "| `lib/` | A module: `require \"ids\"` gives what lib/ids.lua returns. |"
        let parts = reference.kinds.filter { $0.record.name != Contract.hookFile.name }.map { kind in
            (["### \(heading(kind))", kind.record.summary] + fieldTable(kind.record)).joined(separator: "\n\n")
        }
        let list = [
            "## Kinds of scripts",
            "| directory | a file returns |\n|---|---|\n" + (rows + [modules]).joined(separator: "\n"),
        ]
        return (list + parts).joined(separator: "\n\n")
    }

    private func heading(_ kind: ScriptReference.Kind) -> String {
        kind.record.name == Contract.hookFile.name ? "Hooks" : "\(kind.directory)/"
    }

    private var hooks: String {
        let parts = reference.hooks.map { hook -> String in
            let signature = "hooks.\(hook.name)(\(hook.signature.parameters.map(\.name).joined(separator: ", ")))"
            var lines = ["### \(hook.name)", hook.summary, "```lua\nfunction \(signature)\n```"]
            for fact in hook.facts {
                lines.append("`\(fact.name)`, \(typeText(fact.shape)): \(fact.summary)")
                lines += inlined(fact.shape)
            }
            if let decision = hook.decision {
                lines.append("Decides \(typeText(decision)).")
                lines += inlined(decision)
                lines.append("Where no script decides: \(hook.fallbackSummary)")
            } else {
                lines.append("Called for what it does; what it returns is not looked at. \(hook.fallbackSummary)")
            }
            return lines.joined(separator: "\n\n")
        }
        return ([ReferenceWords.hooks] + parts).joined(separator: "\n\n")
    }

    // MARK: modules

    private var modules: String {
        reference.modules.map { module in
            var lines = ["## \(module.fullName)", module.summary]
            if !module.constants.isEmpty {
                lines.append(
                    module.constants.map { "- `\(module.fullName).\($0.name)`, \($0.type): \($0.summary)" }
                        .joined(separator: "\n"))
            }
            for function in module.functions { lines.append(text(of: function, "###", "\(module.fullName).")) }
            for type in module.classes {
                lines += ["### \(ReferenceText.heading(ofObject: type.name))", type.summary]
                let local = String(type.name.split(separator: ".").last ?? "").lowercased()
                for method in type.methods { lines.append(text(of: method, "####", "\(local):")) }
            }
            return lines.joined(separator: "\n\n")
        }.joined(separator: "\n\n")
    }

    /// What arranges the world of specs.
    private var fakes: String {
        HostModule.describedFakes.map { module in
            let parts = ["## \(module.fakeName)", module.summary]
            return (parts + module.functions.map { text(of: $0, "###", "\(module.fakeName).") }).joined(
                separator: "\n\n")
        }.joined(separator: "\n\n")
    }

    private func text(of function: HostFunction, _ level: String, _ owner: String) -> String {
        if function.isMeta { return "- \(function.metaSummary)" }
        let parameters = function.parameters.map { $0.name + ($0.isRequired ? "" : "?") }.joined(separator: ", ")
        var lines = [
            "\(level) \(owner)\(function.name)", "`\(owner)\(function.name)(\(parameters))`: \(function.summary)",
        ]
        if function.waits || function.canFail {
            let failing = "Returns `nil, err` when it does not work."
            lines.append(
                [function.waits ? "Waits." : "", function.canFail ? failing : ""].filter { !$0.isEmpty }
                    .joined(separator: " "))
        }
        if !function.parameters.isEmpty {
            lines.append(function.parameters.map { item("`\($0.name)`", $0) }.joined(separator: "\n"))
        }
        for parameter in function.parameters { lines += inlined(parameter.shape) }
        if !function.results.isEmpty {
            lines.append(function.results.map { item("returns `\($0.name)`", $0) }.joined(separator: "\n"))
        }
        for result in function.results { lines += inlined(result.shape) }
        if !function.example.isEmpty { lines.append("```lua\n\(function.example)\n```") }
        return lines.joined(separator: "\n\n")
    }

    private func item(_ name: String, _ field: Field) -> String {
        "- \(name), \(typeText(field.shape))\(field.isRequired ? "" : ", optional"): \(field.summary)"
    }

    // MARK: tables

    /// Those that several places mention, or that stand in others.
    private var tables: String {
        let named = reference.records.filter { !isInlined($0) }
        let parts = named.map { record in
            (["### \(ReferenceText.heading(ofTable: record.name))", record.summary] + fieldTable(record)).joined(
                separator: "\n\n")
        }
        return (["## Tables"] + parts).joined(separator: "\n\n")
    }

    /// Shown where it is mentioned, and nowhere else.
    private func isInlined(_ record: Record) -> Bool { record.name.isEmpty || topLevel.contains(record.name) }

    private var topLevel: Set<String> {
        var names = Set(reference.kinds.map(\.record.name))
        var shapes = reference.hooks.flatMap { hook in hook.facts.map(\.shape) + (hook.decision.map { [$0] } ?? []) }
        for module in reference.modules {
            for function in module.functions + module.classes.flatMap(\.methods) {
                shapes += (function.parameters + function.results).map(\.shape)
            }
        }
        for case .record(let record) in shapes where !reference.shared.contains(record.name) {
            names.insert(record.name)
        }
        return names
    }

    private func inlined(_ shape: Shape) -> [String] {
        guard case .record(let record) = shape, isInlined(record) else { return [] }
        return fieldTable(record)
    }

    private func fieldTable(_ record: Record) -> [String] {
        guard !record.fields.isEmpty else { return [] }
        let rows = record.fields.map { field in
            "| `\(field.name)`\(field.isRequired ? "" : "?") | \(typeText(field.shape)) | \(cell(field.summary)) |"
        }
        let more = record.isOpen ? ["Other fields may be there."] : []
        return ["| field | type | |\n|---|---|---|\n" + rows.joined(separator: "\n")] + more
    }

    private var limitTable: String {
        let rows = ScriptLimits.Kind.allCases.map { kind in
            let call = limits[kind]
            return "| \(kind.rawValue) | \(Units.describe(call.computing)) | \(Units.describe(call.wall)) | "
                + "\(Units.describe(bytes: call.result)) |"
        }
        return """
            All scripts together may hold \(Units.describe(bytes: limits.memory)). One call may use, by what it is for:

            | call | computing | in all | result |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))
            """
    }

    // MARK: types

    /// In words, with links to tables that stand elsewhere.
    private func typeText(_ shape: Shape) -> String {
        switch shape {
        case .any: "anything"
        case .boolean: "boolean"
        case .text: "text"
        case .grammar(let name, _): cell(name)
        case .integer: "integer"
        case .number: "number"
        case .duration: "duration"
        case .size: "size"
        case .choice(let words): words.map { "`\"\($0)\"`" }.joined(separator: ", ")
        case .list(let element): "list of \(typeText(element))"
        case .map(let element): "table of \(typeText(element)) by name"
        case .record(let record):
            if record.name.isEmpty {
                "table"
            } else if isInlined(record) {
                "`\(record.name)`"
            } else {
                "[`\(record.name)`](#\(ReferenceText.anchor(ReferenceText.heading(ofTable: record.name))))"
            }
        case .function(let signature): "`\(cell(TypeText.of(signature)))`"
        case .either(let shapes): shapes.map(typeText).joined(separator: " or ")
        case .object(let name): "[`\(name)`](#\(ReferenceText.anchor(ReferenceText.heading(ofObject: name))))"
        }
    }

    private func cell(_ text: String) -> String { text.split(separator: "|").joined(separator: "\\|") }

    /// Functions often have the same name, but for the case of a letter, which links do not know.
    private static func heading(ofObject name: String) -> String { "\(name) (object)" }
    private static func heading(ofTable name: String) -> String { "\(name) (table)" }

    /// As GitHub makes it of a heading.
    static func anchor(_ heading: String) -> String {
        String(
            heading.lowercased().compactMap { letter in
                letter == " "
                    ? "-" : letter.isLetter || letter.isNumber || letter == "_" || letter == "-" ? letter : nil
            })
    }
}
