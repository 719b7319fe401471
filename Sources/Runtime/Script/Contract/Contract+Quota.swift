import LuaBridge

// Whether somebody may go on using things.

extension Contract {
    static let used = Record(
        "host.Used", "What a user has used in a while.",
        [
            .required("runs", count, "Runs that have ended."),
            .required("failed", count, "Those among them that failed or were interrupted."),
            .required("input_tokens", count, "Tokens read, cached ones included."),
            .required("output_tokens", count, "Tokens written, reasoning included."),
            .required("reasoning_tokens", count, "Tokens of reasoning among them."),
            .required("cached_tokens", count, "Tokens read from the cache among them."),
            .required("cost", .number(0 ... .infinity), "Dollars, as far as prices are known."),
            .required("priced", count, "Runs whose price is known."),
        ])

    static let demand = Record(
        "host.Demand", "A run that somebody wants, and what they have used so far.",
        [
            .required("user", .record(user), "Who asks."),
            .optional("key", .record(key), "The API key that the request came with."),
            .required("door", door, "The protocol it came in by."),
            .required("persona", word, "Who is to answer."),
            .required("engine", engine, "What is to perform it."),
            .optional("model", word, "The provider's model, where one is chosen."),
            .required("unfinished", count, "The user's runs that are queued, at work or blocked."),
            .required("today", .record(used), "Since midnight, UTC."),
            .required("month", .record(used), "Since the first of the month, UTC."),
        ])

    static let allowance = Record(
        "host.Allowance", "Whether the run is accepted.",
        [
            .optional("refuse", .text(max: 500), "Why it is not; the client reads it, with status 429."),
            .optional("hint", .text(max: 500), "What the user can do; the client reads it too."),
            reason,
        ])

    static let userQuota = HookContract(
        "quota", "May the user have another run?",
        facts: [.required("demand", .record(demand), "What is wanted, and what was used.")],
        decision: .record(allowance), fallbackReadsFacts: false, otherwise: "Everybody may."
    ) { _ in ["reason": "nothing is limited"] }
}
