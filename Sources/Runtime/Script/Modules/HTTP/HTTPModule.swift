import LuaBridge

extension HostModule {
    /// Requests to other servers, of the world's making.
    public static func http(_ world: World) -> HostModule {
        let stream = streamClass()
        return HostModule(
            "http",
            "Requests to other servers. Any status is an answer; an error is that none came. Only public addresses are "
                + "reached, unless the call and the owner allow others.",
            [request(world)] + shortcuts(world) + [HostModule.stream(world, stream)],
            classes: [HostClass(stream, "An answer that is read while it comes, by `for` or by calling it.", methods)])
    }

    private static func request(_ world: World) -> HostFunction {
        HostFunction(
            waiting: "request", "Sends a request and reads the whole answer.",
            [.required("request", .record(ScriptRequest.record), "What to ask, and of whom.")], results: [answer],
            example: #"http.request { method = "PUT", url = url, json = { name = "x" }, deadline = "5s" }"#
        ) { call in
            let options = call.options("request")
            let request = try ScriptRequest(
                url: options.text("url")!, options, method: nil, in: call.state, "#1 'request' to 'host.http.request'")
            return try await request.answer(from: world.http)
        }
    }

    private static func shortcuts(_ world: World) -> [HostFunction] {
        let methods: [(name: String, method: Method, what: String)] = [
            ("get", .get, "Asks for"), ("post", .post, "Posts to"), ("put", .put, "Puts to"),
            ("patch", .patch, "Patches"), ("delete", .delete, "Deletes"),
        ]
        return methods.map { name, method, what in
            HostFunction(
                waiting: name, "\(what) an address and reads the whole answer.",
                [
                    .required("url", .text(), "An absolute http or https address."),
                    .optional("options", .record(ScriptRequest.options), "Parameters, headers, body and bounds."),
                ], results: [answer], example: "local answer, err = http.\(name)(\"https://example.com/\")"
            ) { call in
                let request = try ScriptRequest(
                    url: call.text("url"), call.options("options"), method: method, in: call.state,
                    "#2 'options' to 'host.http.\(name)'")
                return try await request.answer(from: world.http)
            }
        }
    }

    private static let answer = Field.required(
        "answer",
        .record(
            Record(
                "host.http.Answer", "What another server answered.",
                [
                    .required("ok", .boolean, "Whether the status is from 200 to 299."),
                    .required("status", .integer(100...999), "The status."),
                    .required(
                        "headers", .map(.text()), "By lower-case name; those that came repeatedly joined by commas."),
                    .required("body", .text(), "The body, decompressed."),
                    .optional("json", .any, "The body's value when its type is JSON and it is that."),
                    .required("url", .text(), "Where the answer came from, after redirects."),
                ])), "The answer, also one of status 404 or 500.")

    // MARK: streams

    private static func stream(_ world: World, _ type: LuaClass<ScriptStream>) -> HostFunction {
        HostFunction(
            iterating: "stream",
            "Sends a request and gives its answer while it comes. The transfer ends with the loop over it, with "
                + "`close`, or when nobody has the stream any more.",
            [
                .required(
                    "request", .either([.text(), .record(ScriptRequest.record)]), "An address, or a whole request."),
                .optional("options", .record(ScriptRequest.streamOptions), "As for `request`, and how it is read."),
            ], results: [.required("stream", .object(type.name), "Gives a line, an event or a piece at each call.")],
            example: """
                local events <close>, err = http.stream(url, { as = "sse" })
                for event in events do log.info(event.data) end
                """
        ) { call in
            var fields: [LuaKey: LuaValue] = [:]
            for part in [call["request"], call["options"]] {
                if case .table(let own) = part { fields.merge(own) { $1 } }
            }
            let options = HostOptions(.table(fields))
            let url = call["request"].isText ? call.text("request") : options.text("url")!
            let request = try ScriptRequest(
                url: url, options, method: nil, in: call.state, "#2 'options' to 'host.http.stream'")
            let form = options.text("as").flatMap { ScriptStream.Form(rawValue: $0) } ?? .lines
            return type.value(try await request.stream(from: world.http, as: form))
        }
    }

    private static func streamClass() -> LuaClass<ScriptStream> { LuaClass("host.http.Stream") }

    private static var methods: [HostFunction] {
        [
            HostFunction(
                waiting: "__call",
                "The next line, event or piece; nil at the end, and nil with an error when it broke.",
                [
                    .optional("state", .any, "Given by `for`; ignored."),
                    .optional("control", .any, "Given by `for`; ignored."),
                ], results: [.optional("item", .any, "Text, or for events { event, data, id }.")]
            ) { call in try await stream(of: call).next() ?? .nil },
            HostFunction(
                "status", "The status of the answer.", results: [.required("status", .integer(), "Such as 200.")]
            ) { call in .integer(Int64(stream(of: call).status)) },
            HostFunction(
                "headers", "The headers of the answer.",
                results: [.required("headers", .map(.text()), "By lower-case name.")]
            ) { call in stream(of: call).headers.luaValue },
            HostFunction(
                "close", "Ends the transfer. It says whether the answer had broken before: a `for` does not.",
                results: [.required("closed", .boolean, "True.")], canFail: true,
                example: "for line in lines do use(line) end return lines:close()"
            ) { call in
                let stream = stream(of: call)
                stream.close()
                if let failure = stream.failure { throw failure }
                return true
            },
            HostFunction("__close", "Ends the transfer.", [.optional("reason", .any, "Given by Lua; ignored.")]) {
                call in
                stream(of: call).close()
                return .nil
            },
        ]
    }

    private static func stream(of call: HostCall) -> ScriptStream { call.receiver as! ScriptStream }
}
