import LuaBridge

extension HostModule {
    /// Values that outlive generations and restarts, and questions to the store.
    public static func store(_ world: World) -> HostModule {
        let type = LuaClass<StoreNamespace>("host.store.Namespace")
        return HostModule(
            "store", "Values that are kept: JSON under a namespace and a key, on the disk when the call returns.",
            [namespace(type), query(world)],
            classes: [
                HostClass(
                    type, "Values of one subject. Keys are text of at most \(StoreNamespace.keyLimit) bytes.",
                    NamespaceMethods(of: type.name, world.values).all)
            ])
    }

    private static let name = Shape.grammar(name: "a namespace such as \"weather\"") { name in
        let isName =
            1...64 ~= name.utf8.count
            && name.utf8.allSatisfy { 97...122 ~= $0 || 48...57 ~= $0 || $0 == 95 || $0 == 46 || $0 == 45 }
        return isName ? nil : "1 to 64 of a-z, 0-9, _, . and - make a name"
    }

    private static let options = Record(
        "host.store.NamespaceOptions", "What holds for its values.",
        [
            .optional(
                "ttl", .duration,
                "How long a value lasts unless it is set with a `ttl` of its own; for ever by default.")
        ])

    private static func namespace(_ type: LuaClass<StoreNamespace>) -> HostFunction {
        HostFunction(
            "namespace", "The values of one subject. Scripts that give the same name share them.",
            [
                .required("name", name, "Such as \"weather\"."),
                .optional("options", .record(options), "What holds for its values."),
            ], results: [.required("namespace", .object(type.name), "The values.")],
            example: "local cache = store.namespace(\"weather\", { ttl = \"10m\" })"
        ) { call in
            type.value(StoreNamespace(call.text("name"), lifetime: call.options("options").duration("ttl")))
        }
    }

    // MARK: SQL

    private static func query(_ world: World) -> HostFunction {
        HostFunction(
            waiting: "query", "Asks the store by SQL: one SELECT over its documented views.",
            [
                .required(
                    "sql", .text(max: 16 << 10), "With `?` for each value; text must not be put together from values."),
                .optional(
                    "values", .list(.either([.text(), .number(), .boolean])), "The values, in order."),
            ],
            results: [.required("rows", .list(.map(.any)), "A table for each row; a column that is NULL is absent.")],
            example: "local rows, err = store.query(\"SELECT job FROM job_history WHERE outcome = ?\", { \"failed\" })"
        ) { call in
            guard let query = world.query else {
                throw Fault(.unavailable, "there is no store here that could be asked")
            }
            var values: [StoredValue] = []
            if case .array(let given) = call["values"] { values = given.map(StoredValue.init) }
            let result = try await query(call.text("sql"), values)
            guard !result.isTruncated else {
                throw Fault(
                    .tooLarge, "the query gives more than the \(result.rows.count) rows that fit into an answer",
                    hint: "narrow it down, or ask in pages with LIMIT")
            }
            return .array(result.rows.map { LuaValue.row($0, result.columns) })
        }
    }
}

extension StoredValue {
    fileprivate init(_ value: LuaValue) {
        switch value {
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .real(number)
        case .bool(let flag): self = .integer(flag ? 1 : 0)
        case .bytes(let bytes): self = .blob(bytes)
        default: self = value.string.map { .text($0) } ?? .null
        }
    }
}

extension LuaValue {
    fileprivate static func row(_ values: [StoredValue], _ columns: [String]) -> LuaValue {
        var row: [LuaKey: LuaValue] = [:]
        for (column, value) in zip(columns, values) {
            switch value {
            case .null: continue
            case .integer(let number): row[.string(column)] = .integer(number)
            case .real(let number): row[.string(column)] = .number(number)
            case .text(let text): row[.string(column)] = .string(text)
            case .blob(let bytes): row[.string(column)] = .bytes(bytes)
            }
        }
        return .table(row)
    }
}
