import LuaBridge

/// What a script asks another server for, in the client's terms.
@Loop
struct ScriptRequest {
    private var request: HTTPRequest
    /// Of the whole exchange.
    private let deadline: Duration?
    private let sizeLimit: Int?
    /// What one text in Lua can hold.
    private let largestText: Int

    private static let usualDeadline = Duration.seconds(30)
    private static let usualSize = 1 << 20

    // MARK: what scripts say

    private static let word = Shape.either([.text(), .number(), .boolean])
    private static let words = Shape.map(.either([word, .list(word)]))
    private static let methods = Shape.choice(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

    private static let common: [Field] = [
        .optional("query", words, "Parameters added to the address, encoded; a list gives one for each element."),
        .optional("headers", .map(.text()), "Header fields."),
        .optional("body", .text(), "What is sent, as it is."),
        .optional("json", .any, "Sent as JSON, instead of `body`."),
        .optional("form", words, "Sent as the fields of a form, instead of `body`."),
        .optional(
            "deadline", .duration, "For the whole exchange; 30 seconds unless given, and never later than the caller's."
        ),
        .optional("redirects", .integer(0...20), "How many are followed: 5 unless given; 0 gives the redirect itself."),
        .optional("max_size", .size, "Of the body: 1MB unless given; more is the error too_large."),
        .optional("unix_socket", .text(), "Connects to this socket, where the owner allows it, instead of the host."),
        .optional("allow_private", .boolean, "Also reaches those addresses that are not public and the owner allows."),
    ]

    static let options = Record("host.http.Options", "Parameters, headers, body and bounds of a request.", common)

    static let record = Record(
        "host.http.Request", "A whole request.",
        [
            .required("url", .text(), "An absolute http or https address."),
            .optional("method", methods, "GET unless given."),
        ] + common)

    static let streamOptions = Record(
        "host.http.StreamOptions", "As for a request, but without bounds unless given, and how the answer is read.",
        [
            .optional("method", methods, "GET unless given."),
            .optional(
                "as", .choice(["lines", "sse", "raw"]),
                "\"lines\" (the default), \"sse\" for events { event, data, id }, or \"raw\" pieces as they come."),
        ] + common)

    // MARK: what they mean

    /// `place` names the argument, for mistakes.
    init(url: String, _ options: HostOptions, method: Method?, in state: LuaState, _ place: String) throws {
        let bodies = ["body", "json", "form"].filter { options[$0] != .nil }
        guard bodies.count < 2 else {
            throw ScriptMistake("bad argument \(place): a request has one body, not '\(bodies[0])' and '\(bodies[1])'")
        }
        var address = try WebAddress(url)
        let query = ScriptRequest.pairs(options.options("query"))
        if !query.isEmpty { address = address.adding(query: query) }
        request = HTTPRequest(method ?? options.text("method").flatMap { Method(rawValue: $0) } ?? .get, address)
        for (name, value) in options.options("headers").pairs { request.headers.add(name, value.string!) }
        deadline = options.duration("deadline")
        sizeLimit = options.size("max_size")
        largestText = state.limits.largestText - 64
        request.redirects = options.integer("redirects").map { Int($0) }
        request.unixPath = options.text("unix_socket")
        // What that opens is the world's to say.
        request.guarding = options.bool("allow_private") == true ? .open : .publicOnly()
        try take(body: options)
    }

    private mutating func take(body options: HostOptions) throws {
        if let bytes = options.bytes("body") {
            request.body = .bytes(bytes)
        } else if options["json"] != .nil {
            var parcel = Parcel()
            parcel.put(options["json"])
            request.body = .bytes(try JSON.text(of: parcel))
            setType("application/json")
        } else if options["form"] != .nil {
            let fields = ScriptRequest.pairs(options.options("form"))
            let text = fields.map { "\(PercentText.encoded($0.name))=\(PercentText.encoded($0.value))" }
            request.body = .bytes(Array(text.joined(separator: "&").utf8))
            setType("application/x-www-form-urlencoded")
        }
    }

    private mutating func setType(_ type: String) {
        if !request.headers.contains("content-type") { request.headers.add("Content-Type", type) }
    }

    private static func pairs(_ options: HostOptions) -> [(name: String, value: String)] {
        options.pairs.flatMap { name, value in
            if case .array(let values) = value { values.map { (name, text($0)) } } else { [(name, text(value))] }
        }
    }

    private static func text(_ value: LuaValue) -> String {
        switch value {
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .bool(let value): "\(value)"
        default: value.string!
        }
    }

    // MARK: answers

    func answer(from http: any WorldHTTP) async throws -> LuaValue {
        try await Deadline.within(deadline ?? ScriptRequest.usualDeadline) {
            var request = request
            // The deadline above bounds the whole.
            request.deadlines = HTTPDeadlines(head: nil, idle: nil)
            let answer = try await http.send(request)
            let body = try await all(of: answer)
            var fields: [LuaKey: LuaValue] = [
                "ok": .bool(200...299 ~= answer.status), "status": .integer(Int64(answer.status)),
                "headers": answer.headers.luaValue, "body": .bytes(body), "url": .string("\(answer.address)"),
            ]
            if answer.headers.isJSON { fields["json"] = json(body) }
            return .table(fields)
        }
    }

    private func all(of answer: WorldAnswer) async throws -> [UInt8] {
        let limit = min(sizeLimit ?? ScriptRequest.usualSize, largestText)
        var all: [UInt8] = []
        while let piece = try await answer.next() {
            guard all.count + piece.count <= limit else {
                throw ScriptRequest.tooLarge(request, limit, hint: "raise max_size, or read it with http.stream")
            }
            if all.isEmpty { all = piece } else { all += piece }
        }
        return all
    }

    /// A body that only claims to be JSON is still there as text.
    private func json(_ body: [UInt8]) -> LuaValue? {
        // What is wrong with it is told by json.decode(answer.body), for those who ask.
        (try? JSON.parse(body)).map { LuaValue($0) }
    }

    func stream(from http: any WorldHTTP, as form: ScriptStream.Form) async throws -> ScriptStream {
        var request = request
        let end = deadline.map { Instant.clock + $0 }
        if end != nil { request.deadlines = HTTPDeadlines(head: nil, idle: nil) }
        let answer = try await ScriptStream.by(end) { try await http.send(request) }
        let fault = sizeLimit.map { ScriptRequest.tooLarge(request, $0, hint: "raise max_size") }
        let limit = sizeLimit.map { ScriptStream.SizeLimit(bytes: $0, fault: fault!) }
        return ScriptStream(answer, as: form, until: end, limit, item: min(largestText, 1 << 20))
    }

    private static func tooLarge(_ request: HTTPRequest, _ limit: Int, hint: String) -> Fault {
        Fault(
            .tooLarge, "\(request.subject): the answer is larger than \(Units.describe(bytes: limit))", hint: hint)
    }
}

extension Headers {
    /// By lower-case name, repeated ones joined.
    var luaValue: LuaValue {
        var fields: [LuaKey: String] = [:]
        for (name, value) in self {
            let key = LuaKey.string(name.lowercased())
            fields[key] = fields[key].map { "\($0), \(value)" } ?? value
        }
        return .table(fields.mapValues { .string($0) })
    }

    fileprivate var isJSON: Bool {
        let type = self["content-type"]?.prefix { $0 != ";" && $0 != " " }.lowercased() ?? ""
        return type == "application/json" || type == "text/json" || type.hasSuffix("+json")
    }
}
