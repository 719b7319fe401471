import LuaBridge

// What `fake` offers to specs.

extension HostModule {
    /// The one without a name has the functions of `fake` itself.
    static func fakes(_ stage: SpecStage, config: @escaping ([String: String]) throws -> Void) -> [HostModule] {
        let root = HostModule(
            "", "Arranges the made-up world of a spec, and tells what was done in it. New for each `it`.",
            [
                HostFunction(
                    "config", "Sets what `host.config` reads.",
                    [.required("settings", .map(.text()), "Texts by name.")],
                    example: "fake.config { PORT = \"8000\" }"
                ) { call in
                    let pairs = call.options("settings").pairs.map { ($0.name, $0.value.string ?? "") }
                    try config(Dictionary(uniqueKeysWithValues: pairs))
                    return .nil
                }
            ])
        return [
            root, fakeClock(stage), fakeHTTP(stage), fakeProcess(stage), stage.jobs.words, stage.runs.words,
            stage.workspaces.words, stage.runners.words, stage.disk.words, stage.users.words, stage.git.words,
        ]
    }

    /// The fakes for those who only describe them.
    static var describedFakes: [HostModule] { fakes(SpecStage()) { _ in } }

    var fakeName: String { name.isEmpty ? "fake" : "fake.\(name)" }

    private static func fakeClock(_ stage: SpecStage) -> HostModule {
        let written = Shape.grammar(name: "a moment such as \"2026-01-01T12:00:00Z\"") { text in
            TimeText.parse(text) == nil ? "\"\(text)\" is not written so" : nil
        }
        let moment = Shape.either([.number(), written])
        return HostModule(
            "clock", "The time. It stands still, at noon of 1 January 2026, and who sleeps moves it.",
            [
                HostFunction(
                    "set", "Sets the time.",
                    [.required("moment", moment, "A moment as text, or seconds since the epoch.")],
                    example: "fake.clock.set \"2026-03-29T00:59:00Z\""
                ) { call in
                    let moment = call["moment"]
                    stage.clock.set(moment.isText ? TimeText.parse(moment.string!)! : moment.number!)
                    return .nil
                },
                HostFunction(
                    "advance", "Lets time pass, for what was stored with a lifetime too.",
                    [.required("duration", .duration, "How much.")], example: "fake.clock.advance \"15m\""
                ) { call in
                    stage.clock.advance(by: call.duration("duration"))
                    return .nil
                },
            ])
    }

    private static let answer = Record(
        "fake.Answer", "An answer of another server.",
        [
            .optional("status", .integer(100...599), "Its status; 200, if left out."),
            .optional("headers", .map(.text()), "Its headers."),
            .optional("body", .text(), "Its body, in one piece."),
            .optional("json", .any, "A value whose JSON text is its body."),
            .optional("pieces", .list(.text()), "Its body, piece by piece, for `http.stream`."),
            .optional("ends", .choice(["whole", "broken", "silent"]), "How it ends; `whole`, if left out."),
            .optional("fails", failureKind, "No answer comes, but this kind of error."),
        ])

    private static let failureKind = Shape.choice(Fault.Kind.allCases.map(\.rawValue))

    private static let request = Record(
        "fake.Request", "A request that a script made.",
        [
            .required("method", .text(), "Its method."), .required("url", .text(), "Its address."),
            .required("headers", .map(.text()), "Its headers, by their names in small letters."),
            .required("body", .text(), "Its body."),
        ])

    private static func fakeHTTP(_ stage: SpecStage) -> HostModule {
        HostModule(
            "http", "Other servers. A request that nobody answers fails the spec.",
            [
                HostFunction(
                    "reply", "Answers the next request with this method and address; several answers as many.",
                    [
                        .required("method", .text(), "Such as `GET`; `*` is any."),
                        .required("url", .text(), "The address; `*` in it is any text. Without `?`, any query fits."),
                        .required("answer", .either([.record(answer), .list(.record(answer))]), "One, or a list."),
                    ],
                    example: "fake.http.reply(\"GET\", \"https://example.com/*\", { json = { ok = true } })"
                ) { call in
                    let given = call["answer"]
                    let answers = try given.eachOrOne.map { try FakeAnswer(HostOptions($0)) }
                    stage.servers.reply(call.text("method"), call.text("url"), answers)
                    return .nil
                },
                HostFunction(
                    "requests", "All requests so far, answered or not.",
                    results: [.required("requests", .list(.record(request)), "In their order.")]
                ) { _ in
                    .array(
                        stage.servers.requests.map { sent in
                            var headers: [LuaKey: LuaValue] = [:]
                            for (name, value) in sent.headers { headers[.string(name.lowercased())] = .string(value) }
                            return [
                                "method": .string(sent.method), "url": .string(sent.url), "headers": .table(headers),
                                "body": .bytes(sent.body),
                            ]
                        })
                },
            ])
    }

    private static let outcome = Record(
        "fake.Outcome", "What becomes of a command.",
        [
            .optional("code", .integer(0...255), "Its exit code; 0, if left out."),
            .optional("signal", .integer(1...64), "The signal that ended it."),
            .optional("stdout", .text(), "What it wrote."), .optional("stderr", .text(), "What it wrote as errors."),
            .optional("hangs", .boolean, "It runs until the caller gives up."),
            .optional("fails", failureKind, "It does not even start, for this kind of error."),
        ])

    private static let command = Record(
        "fake.Command", "A command that a script ran.",
        [
            .required("argv", .list(.text()), "The program and its arguments."),
            .required("input", .text(), "What it read."), .required("env", .map(.text()), "Variables of its own."),
            .optional("directory", .text(), "Where it ran."),
        ])

    private static let runningProcess = Record(
        "fake.Process", "A process of the made-up machine.",
        [
            .required("pid", .integer(1...4_194_304), "Its number."), .optional("ppid", .integer(), "Its parent's."),
            .optional("command", .text(), "The kernel's name for it."),
            .optional("argv", .list(.text()), "Its arguments."),
            .optional("memory", .size, "Resident bytes."), .optional("cwd", .text(), "Where it is."),
            .optional("started", .number(), "When it started, in seconds since the epoch."),
        ])

    private static func fakeProcess(_ stage: SpecStage) -> HostModule {
        HostModule(
            "process", "Programs and processes. A command that nobody knows fails the spec.",
            [
                HostFunction(
                    "reply", "Says what becomes of the next command that begins so; several outcomes, as many.",
                    [
                        .required("argv", .list(.text()), "How the command begins."),
                        .required("outcome", .either([.record(outcome), .list(.record(outcome))]), "One, or a list."),
                    ], example: "fake.process.reply({ \"df\" }, { stdout = \"…\" })"
                ) { call in
                    let outcomes = try call["outcome"].eachOrOne.map { try FakeProcesses.Outcome(HostOptions($0)) }
                    stage.programs.reply(call["argv"].elements.compactMap(\.string), outcomes)
                    return .nil
                },
                HostFunction(
                    "calls", "All commands so far, known or not.",
                    results: [.required("calls", .list(.record(command)), "In their order.")]
                ) { _ in .array(stage.programs.commands.map(\.luaValue)) },
                HostFunction(
                    "running", "Sets the processes that there are.",
                    [.required("processes", .list(.record(runningProcess)), "All of them.")]
                ) { call in
                    stage.programs.entries = call["processes"].elements.map { ProcessEntry(HostOptions($0)) }
                    return .nil
                },
                HostFunction(
                    "terminated", "Numbers of the processes that scripts have ended.",
                    results: [.required("pids", .list(.integer()), "In the order in which they ended.")]
                ) { _ in .array(stage.programs.terminated.map { .integer(Int64($0.pid)) }) },
            ])
    }
}
