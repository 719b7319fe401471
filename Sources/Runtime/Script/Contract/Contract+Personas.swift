// What a file in personas/ returns.

extension Contract {
    static let setting = Record(
        "host.Setting", "Something about a persona, or in a tool's input, that a value is given for.",
        [
            .required("type", .choice(["string", "number", "integer", "boolean", "list", "table"]), "What it is."),
            .optional("description", .text(max: 2000), "What it is for."),
            .optional("required", .boolean, "Whether it must be given."),
            .optional("default", .any, "What it is when it is not given."),
            .optional("min", .number(), "The least number, or the shortest text."),
            .optional("max", .number(), "The greatest number, or the longest text."),
            .optional("choices", .list(.any), "All that it can be."),
            .optional("items", .any, "What a list holds, in the same form."),
            .optional("fields", .map(.any), "What a table holds, by name, in the same form."),
        ])

    static let memory = Record(
        "host.Memory", "Whether a persona keeps its session from turn to turn.",
        [
            .optional("default", .boolean, "Whether it does. It does, if left out."),
            .optional("settable", .boolean, "Whether a request may say otherwise."),
        ])

    public static let persona = Record(
        "host.PersonaFile", "Somebody to talk to: what a file in personas/ returns.",
        [
            .required("id", name, "Its id; clients see open-persona/ID as the model."),
            .required("name", .text(max: 100), "What people call it."),
            .required("description", .text(max: 2000), "What it is for, for the person who chooses."),
            .optional("agent", word, "The agent that it stands on. `build`, if left out; `plan` changes nothing."),
            .required("core", .text(max: 65536), "Its instructions. Nobody can change them; the user's stand below."),
            .optional("heading", .text(max: 200), "The heading above the user's own instructions."),
            .optional(
                "prompt",
                .function(
                    Signature(
                        [
                            .required("persona", .map(.any), "This table."),
                            .required("settings", .map(.any), "Its settings, checked, with defaults filled in."),
                        ], results: [.required("prompt", .text(max: 131072), "What the agent is told.")])),
                "Makes the instructions from the core and the settings. The core alone, if left out."),
            .optional("settings", .map(.record(setting)), "What a request can adjust, by name."),
            .optional("memory", .record(memory), "Whether it keeps its session from turn to turn."),
            .optional("integrations", .list(name), "The integrations that it may use."),
            .optional("model", word, "The provider's model, as provider/model."),
            .optional("small_model", word, "The model for its titles and summaries."),
            .optional("temperature", .number(0...2), "How freely the model writes."),
            .optional("steps", .integer(1...10000), "How many steps a turn may have."),
            .optional("permission", .map(.any), "What its tools may do: allow, ask or deny, by tool and pattern."),
            .optional("tools", .map(.boolean), "Tools switched on or off, by name or pattern."),
            .optional("capabilities", .map(.boolean), "What clients are told that it can, such as vision."),
            .optional("image", .text(max: 65536), "Its picture, as an address or a data: URL."),
            .optional("suggestions", .list(.text(max: 2000)), "Prompts to begin with."),
            .optional("enabled", .boolean, "Whether it is offered. It is, if left out."),
        ])
}
