import LuaBridge

@testable import Runtime

/// A small module with one of everything.
@Loop
enum MadeUp {
    static var reference: ScriptReference {
        ScriptReference(modules: [post, HostModule("", "What there is.", [])], kinds: [kind], hooks: [hook])
    }

    private static var kind: ScriptReference.Kind {
        .init("posters", Record("host.Poster", "What hangs on walls.", [.required("text", .text(), "What it says.")]))
    }

    private static var hook: HookContract {
        HookContract(
            "stamp", "Which stamp?", facts: [.required("letter", .record(letter), "What goes out.")],
            decision: .choice(["red", "blue"]), otherwise: "The red one."
        ) { _ in "red" }
    }

    private static let letter = Record("host.Letter", "A letter.", [.optional("to", .text(), "Who gets it.")])

    private static let options = Record(
        "host.post.Options", "How a letter goes.", isOpen: true,
        [.optional("until", .duration, "Until when it must be there.")])

    private final class Round {}

    private static var post: HostModule {
        let rounds = LuaClass<Round>("host.post.Round")
        let methods = [
            HostFunction("left", "How many are left.", results: [.required("count", .integer(), "So many.")]) { _ in 0
            },
            HostFunction("__call", "Waits for the next.", results: [.optional("letter", .text(), "It.")]) { _ in .nil },
            HostFunction("__close", "Gives up the rest.") { _ in .nil },
        ]
        return HostModule(
            "post", "Letters and parcels.",
            [
                HostFunction(
                    waiting: "send", "Sends a letter.",
                    [.required("to", .text(), "Who gets it."), .optional("options", .record(options), "How.")],
                    results: [.required("id", .text(), "Its number.")],
                    example: "local id = post.send(\"ann\", { until = \"2d\" })"
                ) { _ in "1" },
                HostFunction(
                    "forget", "Throws everything away.", [.required("end", .choice(["now", "later"]), "When.")]
                ) { _ in .nil },
            ], classes: [HostClass(rounds, "Letters on their way, one after the other.", methods)],
            constants: [HostConstant("stamp", type: "string", "What is put on them.", "red")])
    }
}
