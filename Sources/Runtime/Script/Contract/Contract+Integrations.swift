// What a file in integrations/ returns.

extension Contract {
    static let caller = Record(
        "host.Caller", "For whom a tool is called.",
        [
            .required("user", word, "The user."),
            .required("keys", .map(.text()), "Those of the integration's keys that the user has, by name."),
            .optional("persona", word, "Who calls it."),
            .optional("chat", word, "The chat."),
            .optional("run", word, "The run."),
            .optional("workspace", word, "The workspace's id."),
        ])

    static let tool = Record(
        "host.Tool", "Something that the agent may call.",
        [
            .required("description", .text(max: 4000), "What it does and when to use it; the model reads it."),
            .optional("input", .map(.record(setting)), "What it takes, by name. Input is checked before the call."),
            .required(
                "call",
                .function(
                    Signature(
                        [
                            .required("input", .map(.any), "What it was given, checked, with defaults filled in."),
                            .required("caller", .record(caller), "For whom."),
                        ],
                        results: [
                            .optional("result", .any, "Text, or a table that becomes JSON."),
                            .optional("err", .record(error), "Why it did not work; the model is told."),
                        ])), "Does it."),
            .optional("read_only", .boolean, "Whether it changes nothing, so that it need not be asked about."),
            .optional("timeout", .duration, "How long a call may take."),
        ])

    /// The record of one integration.
    public static let integration = Record(
        "host.IntegrationFile", "Tools that the agent reaches at /mcp/NAME: what a file in integrations/ returns.",
        [
            .required("name", name, "Its name."),
            .required("description", .text(max: 2000), "What it is for."),
            .optional("keys", .list(word), "Names of the keys that a user has to give for it."),
            .optional("enabled", .boolean, "Whether it is offered. It is, if left out."),
            .required("tools", .map(.record(tool)), "Its tools, by name."),
        ])
}
