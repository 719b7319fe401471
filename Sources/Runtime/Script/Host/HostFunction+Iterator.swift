import LuaBridge

extension HostFunction {
    /// The methods of an object that gives one event after the other: for a loop, one by one, and an end at any time.
    static func iterator(
        over event: Record, next: @escaping (HostCall) async throws -> LuaValue,
        close: @escaping (AnyObject) -> Void
    ) -> [HostFunction] {
        [
            HostFunction(
                waiting: "next", "The next event; nil at the end, and nil with an error when the stream broke.",
                results: [.optional("event", .record(event), "What happened.")]
            ) { call in try await next(call) },
            HostFunction(
                waiting: "__call", "The same as `next`, for a loop.",
                [
                    .optional("state", .any, "Given by `for`; ignored."),
                    .optional("control", .any, "Given by `for`; ignored."),
                ], results: [.optional("event", .any, "What happened.")]
            ) { call in try await next(call) },
            HostFunction("close", "Ends the stream.", results: [.required("done", .boolean, "True.")]) { call in
                if let object = call.receiver { close(object) }
                return true
            },
            HostFunction("__close", "Ends the stream.", [.optional("reason", .any, "Given by Lua; ignored.")]) { call in
                if let object = call.receiver { close(object) }
                return .nil
            },
        ]
    }
}
