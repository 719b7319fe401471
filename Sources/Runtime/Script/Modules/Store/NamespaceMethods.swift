import LuaBridge

/// What scripts can do with a namespace.
@Loop
struct NamespaceMethods {
    /// Its class's name. Holding the class would be a circle, because that holds its methods.
    private let owner: String
    private let values: any KeyValues

    init(of owner: String, _ values: any KeyValues) {
        self.owner = owner
        self.values = values
    }

    var all: [HostFunction] { [get, set, remove, increment, swap, update, list] }

    private static let key = Field.required("key", .text(), "Its name.")
    private static let value = Field.required("value", .any, "Anything that JSON can say, at most 256KB of it.")

    private static let options = Field.optional(
        "options",
        .record(
            Record(
                "host.store.SetOptions", "How long a value lasts.",
                [.optional("ttl", .duration, "Such as \"10m\"; else what the namespace says.")])),
        "How long it lasts.")

    // MARK: one value

    private var get: HostFunction {
        HostFunction(
            waiting: "get", "The value of a key; nil when there is none, or its time is over.", [Self.key],
            results: [.optional("value", .any, "The value.")], example: "local known = cache:get(place)"
        ) { [values] call in
            let (namespace, key) = try target(call)
            return try await values.get(namespace.name, key).map(StoreNamespace.value) ?? .nil
        }
    }

    private var set: HostFunction {
        HostFunction(
            waiting: "set", "Keeps a value. It is on the disk when this returns.",
            [Self.key, Self.value, Self.options],
            results: [.required("done", .boolean, "True.")], example: "cache:set(place, answer.json, { ttl = \"1h\" })"
        ) { [values] call in
            let (namespace, key) = try target(call)
            let json = try json(call, "value", 2, "set", key)
            try await values.set(namespace.name, key, json, lifetime: lifetime(call, namespace))
            return true
        }
    }

    private var remove: HostFunction {
        HostFunction(
            waiting: "remove", "Forgets a value.", [Self.key],
            results: [.required("removed", .boolean, "Whether there was one.")]
        ) { [values] call in
            let (namespace, key) = try target(call)
            return .bool(try await values.remove(namespace.name, key))
        }
    }

    private var increment: HostFunction {
        HostFunction(
            waiting: "increment", "Counts up, from 0 where there is no value. Others who count at once are not lost.",
            [
                Self.key, .optional("amount", .integer(), "How much; 1 unless given, negative counts down."),
                .optional(
                    "options", Self.options.shape,
                    "How long it lasts from the first increment; later ones do not prolong it."),
            ], results: [.required("sum", .integer(), "What it is now.")],
            example: "if attempts:increment(user, 1, { ttl = \"1h\" }) > 5 then"
        ) { [values] call in
            let (namespace, key) = try target(call)
            return .integer(
                try await values.increment(
                    namespace.name, key, by: call["amount"].integer ?? 1, lifetime: lifetime(call, namespace)))
        }
    }

    // MARK: compare and set

    private var swap: HostFunction {
        HostFunction(
            waiting: "swap",
            "Sets a value only when the present one is what was expected. Of two who try, one succeeds.",
            [
                Self.key, .optional("expected", .any, "The present value; nil expects none."), Self.value, Self.options,
            ], results: [.required("swapped", .boolean, "False when the present value is another.")],
            example: "if claims:swap(id, nil, me) then"
        ) { [values] call in
            let (namespace, key) = try target(call)
            let expected = call["expected"] == .nil ? nil : try json(call, "expected", 2, "swap", key)
            let value = try json(call, "value", 3, "swap", key)
            return .bool(
                try await values.swap(
                    namespace.name, key, expected: expected, value, lifetime: lifetime(call, namespace)))
        }
    }

    /// So many others in a row are no chance any more.
    private static let attempts = 20

    private static let change = Signature(
        [.optional("old", .any, "The present value; nil when there is none.")],
        results: [.optional("new", .any, "What it becomes; nil leaves it as it is.")])

    private var update: HostFunction {
        HostFunction(
            waiting: "update",
            "Changes a value by a function of the present one, which is called again when somebody else came first.",
            [Self.key, .required("change", .function(Self.change), "Gives the new value."), Self.options],
            results: [.optional("value", .any, "The value as it is now.")],
            example: "seen:update(user, function(old) return { count = (old and old.count or 0) + 1 } end)"
        ) { [values, owner] call in
            let (namespace, key) = try target(call)
            for _ in 0..<Self.attempts {
                let old = try await values.get(namespace.name, key)
                let before = try old.map(StoreNamespace.value) ?? .nil
                let new = try await call.state.call(call["change"].function!, before).first ?? .nil
                if new == .nil { return before }
                let json = try StoreNamespace.json(new, at: "what '\(owner):update' was given to keep", of: key)
                let isDone = try await values.swap(
                    namespace.name, key, expected: old, json, lifetime: lifetime(call, namespace))
                if isDone { return new }
            }
            throw Fault(
                .conflict, "others changed '\(key)' \(Self.attempts) times in a row", hint: "try again in a moment",
                isRetryable: true)
        }
    }

    // MARK: many values

    private static let listOptions = Record(
        "host.store.ListOptions", "Which page of a list.",
        [
            .optional("limit", .integer(1...1000), "At most so many; 100 unless given."),
            .optional("after", .text(), "The last key of the page before."),
        ])

    private static let item = Record(
        "host.store.Item", "One value of a list.",
        [.required("key", .text(), "Its key."), .required("value", .any, "The value.")])

    private var list: HostFunction {
        HostFunction(
            waiting: "list", "Values in the order of their keys, a page at a time: until a page is empty.",
            [
                .optional("prefix", .text(), "How their keys begin; all of them unless given."),
                .optional("options", .record(Self.listOptions), "Which page."),
            ], results: [.required("items", .list(.record(Self.item)), "A page; one that would pass 1MB is shorter.")],
            example: "for _, item in ipairs(claims:list(\"run-\")) do log.info(item.key) end"
        ) { [values] call in
            let namespace = call.receiver as! StoreNamespace
            let options = call.options("options")
            let items = try await values.list(
                namespace.name, prefix: call["prefix"].string ?? "", after: options.text("after"),
                limit: Int(options.integer("limit") ?? 100))
            return .array(try items.map { ["key": .string($0.key), "value": try StoreNamespace.value($0.json)] })
        }
    }

    // MARK: arguments

    private func target(_ call: HostCall) throws -> (namespace: StoreNamespace, key: String) {
        (call.receiver as! StoreNamespace, try StoreNamespace.key(call["key"]))
    }

    private func lifetime(_ call: HostCall, _ namespace: StoreNamespace) -> Duration? {
        call.options("options").duration("ttl") ?? namespace.lifetime
    }

    private func json(
        _ call: HostCall, _ argument: String, _ number: Int, _ method: String, _ key: String
    ) throws -> String {
        try StoreNamespace.json(
            call[argument], at: "bad argument #\(number) '\(argument)' to '\(owner):\(method)'", of: key)
    }
}
