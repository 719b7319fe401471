import LuaBridge

extension HostModule {
    /// Settings that scripts may read. What a name says to be secret is left out, whoever put it there.
    public static func config(_ world: World) -> HostModule {
        let settings = world.config.filter { !SensitiveName.matches($0.key.utf8) }
        return HostModule(
            "config", "Settings of this Perigee, as text. Keys and other secrets are not among them.",
            [get(settings), all(settings)])
    }

    private static func get(_ settings: [String: String]) -> HostFunction {
        HostFunction(
            "get", "One setting. A name that is no setting is a mistake.",
            [.required("name", .text(), "As in the environment, such as \"LOG_LEVEL\".")],
            results: [.optional("value", .text(), "Its text; nil where it is empty.")],
            example: "local level = config.get(\"LOG_LEVEL\")"
        ) { call in
            let name = call.text("name")
            guard let value = settings[name] else { throw unknown(name, settings) }
            return value.isEmpty ? .nil : .string(value)
        }
    }

    private static func unknown(_ name: String, _ settings: [String: String]) -> ScriptMistake {
        let mistake = "there is no setting '\(name)' that scripts may read"
        if let near = NearestName.of(name, among: settings.keys.sorted()) {
            return ScriptMistake("\(mistake); did you mean '\(near)'?")
        }
        return ScriptMistake("\(mistake); `config.all()` has those there are")
    }

    private static func all(_ settings: [String: String]) -> HostFunction {
        HostFunction(
            "all", "Every setting that is not empty.",
            results: [.required("settings", .map(.text()), "Texts by name.")]
        ) { _ in
            .table(
                Dictionary(
                    uniqueKeysWithValues: settings.filter { !$0.value.isEmpty }.map {
                        (LuaKey.string($0.key), .string($0.value))
                    }))
        }
    }
}
