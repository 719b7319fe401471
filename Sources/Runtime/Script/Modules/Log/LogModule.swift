import LuaBridge

extension HostModule {
    /// Lines in Perigee's log. The log bounds their size and takes secrets out of them.
    public static func log(_ world: World) -> HostModule {
        let log = world.log.part("script")
        return HostModule(
            "log", "Lines in Perigee's log, which name the script they come from. Secrets are taken out of them.",
            [
                line("debug", .debug, "For somebody who looks for a fault.", log),
                line("info", .info, "Something that happened as it should.", log),
                line("warning", .warning, "Something that somebody should look at.", log),
                line("error", .error, "Something that failed.", log),
            ])
    }

    private static func line(_ name: String, _ level: Log.Level, _ use: String, _ log: Log) -> HostFunction {
        HostFunction(
            name, "Writes a line. \(use)",
            [
                .required("message", .text(), "What happened, in the present tense."),
                .optional("fields", .map(.any), "Facts by name; a table is written as JSON, an error as its message."),
            ], example: "log.\(name)(\"worktree ready\", { path = tree.path })"
        ) { call in
            let fields = call.options("fields").pairs
            log.write(level) {
                call.text("message")
            } _: {
                var all = LogFields()
                for (name, value) in fields { all[name] = LogValue(value) }
                if let script = ScriptCall.current {
                    all["script"] = .text(script.script)
                    all["generation"] = LogValue(script.generation)
                }
                return all
            }
            return .nil
        }
    }
}

extension LogValue {
    /// Nothing that a script logs is a mistake: what has no text is named by its type.
    fileprivate init(_ value: LuaValue) {
        switch value {
        case .bool(let flag): self = .flag(flag)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number)
        case .string(let text): self = .text(text)
        case .bytes(let bytes): self = .bytes(bytes)
        case .array, .table: self = .text(value.errorText ?? value.jsonText)
        default: self = .text(value.typeName)
        }
    }
}

extension LuaValue {
    /// What an error prints as; nil when it is none.
    fileprivate var errorText: String? {
        guard self["kind"]?.string != nil, let message = self["message"]?.string else { return nil }
        return self["hint"]?.string.map { "\(message) (\($0))" } ?? message
    }

    fileprivate var jsonText: String {
        do {
            return String(decoding: try canonicalJSON(), as: UTF8.self)
        } catch {
            return "\(typeName) (\(Fault(error).message))"
        }
    }
}
