import LuaBridge

extension HostModule {
    /// JSON text and Lua values.
    public static func json() -> HostModule {
        HostModule(
            "json", "JSON text to Lua values and back.", [encode, decode, list],
            constants: [
                HostConstant(
                    "null", type: "lightuserdata",
                    "JSON's null, which a table can hold where nil would leave nothing: `if value == json.null`.",
                    .null)
            ])
    }

    private static let encodeOptions = Record(
        "host.json.EncodeOptions", "How JSON text is written.",
        [
            .optional("pretty", .boolean, "One member a line, indented; off by default."),
            .optional("sorted", .boolean, "Members in the order of their names, so that equal values give equal text."),
        ])

    private static var encode: HostFunction {
        HostFunction(
            "encode", "Writes a value as JSON text. An empty table is `{}` unless `json.list` made it.",
            [
                .required("value", .any, "What to write: anything but functions and host objects."),
                .optional("options", .record(encodeOptions), "How it is written."),
            ], results: [.required("text", .text(), "One line, unless `pretty`.")], canFail: true,
            example: #"json.encode({ name = "ada", tags = { "x" } }, { sorted = true })"#
        ) { call in
            let options = call.options("options")
            var parcel = Parcel()
            if options.bool("sorted") == true {
                parcel.put(canonical: call["value"])
            } else {
                parcel.put(call["value"])
            }
            return .bytes(try JSON.text(of: parcel, style: options.bool("pretty") == true ? .pretty : []))
        }
    }

    private static var decode: HostFunction {
        let name = "host.json.decode"
        let text = Field.required("text", .text(), "One JSON value; nothing but blanks may follow it.")
        return HostFunction(
            raw: "decode", "Reads JSON text. Its nulls become `json.null`; the error names line and column.",
            [text], results: [.required("value", .any, "What the text says.")], canFail: true,
            example: #"local value, err = json.decode(text)"#,
            LuaHostFunction(name) { call in
                // The text becomes Lua values without a Swift value for each.
                var probe = call.arguments
                guard let text = call.arguments.rawString() else {
                    let got = probe.isAtEnd ? "nothing" : probe.value().inWords
                    throw ScriptMistake("bad argument #1 'text' to '\(name)' (text expected, got \(got))")
                }
                do {
                    call.results = try JSON.parcel(text.bindMemory(to: UInt8.self))
                } catch let fault as Fault {
                    Loop.assumeIsolated { HostError.put(fault, into: &call.results) }
                }
            })
    }

    private static var list: HostFunction {
        HostFunction(
            "list", "A copy of a table that is written as a list even when it is empty.",
            [.required("values", .list(.any), "Its elements.")],
            results: [.required("list", .list(.any), "The copy.")], example: "json.encode(json.list {}) --> \"[]\""
        ) { call in
            if case .array = call["values"] { call["values"] } else { .array([]) }
        }
    }
}
