/// One server's address, credentials and way over HTTP.
@Loop
final class OpencodeLink {
    typealias Send = @Loop (HTTPRequest) async throws -> WorldAnswer

    let address: WebAddress
    let settings: OpencodeSettings
    private let authorization: Secret?
    private let send: Send

    init(
        _ address: WebAddress, user: String, password: Secret?, settings: OpencodeSettings, send: @escaping Send
    ) {
        self.address = address
        self.settings = settings
        authorization = password.map { Secret("Basic " + Base64.encode(Array("\(user):\($0.reveal())".utf8))) }
        self.send = send
    }

    /// What messages call it.
    var name: String { "opencode at \(address.redacted)" }

    var hasPassword: Bool { authorization != nil }

    /// Below the address, credentials included.
    func request(_ method: Method, target: String) throws -> HTTPRequest {
        let base = address.path.hasSuffix("/") ? address.path.dropLast() : address.path[...]
        var request = HTTPRequest(method, try WebAddress(address.origin + base + target))
        if let authorization { request.headers.add("Authorization", authorization.reveal()) }
        // The owner named this address.
        request.guarding = .open
        request.redirects = 0
        return request
    }

    /// Sends one call and reads its whole answer, whatever its status is.
    func answer(_ call: OpencodeCall) async throws -> OpencodeAnswer {
        try await Deadline.within(call.limit ?? settings.call) {
            let answer = try await begin(call)
            var all: [UInt8] = []
            while let piece = try await answer.next() {
                guard all.count + piece.count <= settings.answerLimit else {
                    throw Fault(
                        .tooLarge,
                        "\(name): the answer to \(call.subject) is larger than "
                            + Units.describe(bytes: settings.answerLimit))
                }
                if all.isEmpty { all = piece } else { all += piece }
            }
            return try OpencodeAnswer(call, answer, all, from: name)
        }
    }

    /// Sends one call whose answer is read while it comes.
    func begin(_ call: OpencodeCall) async throws -> WorldAnswer {
        var address = address
        for segment in call.path { address = try address.appending(segment: segment) }
        if !call.query.isEmpty { address = address.adding(query: call.query) }
        var request = HTTPRequest(call.method, address)
        if let directory = call.directory {
            // The server decodes it, so that any name of a directory can be sent.
            request.headers.add("X-Opencode-Directory", PercentText.encoded(directory))
        }
        if let authorization { request.headers.add("Authorization", authorization.reveal()) }
        if let body = call.body {
            request.headers.add("Content-Type", "application/json")
            request.body = .bytes(try JSON.encode(body))
        }
        request.redirects = 0
        // The deadline of the call bounds the whole.
        request.deadlines = HTTPDeadlines(head: nil, idle: nil)
        return try await send(request)
    }
}

/// One call to a server.
struct OpencodeCall {
    var method: Method
    var path: [String]
    var query: [(name: String, value: String)] = []
    var directory: String?
    var body: JSONValue?
    var limit: Duration?

    init(
        _ method: Method = .get, _ path: [String], query: [(name: String, value: String)] = [],
        in directory: String? = nil,
        body: JSONValue? = nil, limit: Duration? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.directory = directory
        self.body = body
        self.limit = limit
    }

    var subject: String { "\(method.rawValue) /\(path.joined(separator: "/"))" }
}

/// An answer that has been read, with its JSON where it has any.
struct OpencodeAnswer {
    let status: Int
    let headers: Headers
    let isHTML: Bool
    /// Missing when the body is empty or no JSON.
    let json: JSONView?
    private let text: String
    private let subject: String
    private let server: String

    init(_ call: OpencodeCall, _ answer: WorldAnswer, _ body: [UInt8], from server: String) throws {
        status = answer.status
        headers = answer.headers
        subject = call.subject
        self.server = server
        let type = answer.headers["content-type"]?.lowercased() ?? ""
        isHTML = type.hasPrefix("text/html")
        let isJSON = type.hasPrefix("application/json") || type.hasPrefix("application/problem+json")
        json = isJSON && !body.isEmpty ? try JSON.parse(body) : nil
        text = isJSON || isHTML ? "" : String(decoding: body.prefix(300), as: UTF8.self)
    }

    /// The JSON of an answer that went well; anything else is a fault.
    func value() throws -> JSONView {
        if !(200...299 ~= status) { throw fault }
        guard let json else {
            if isHTML { throw webPage }
            throw Fault(
                .unavailable, "\(server): the answer to \(subject) is no JSON",
                hint: "is this address an opencode server, and nothing in front of it that answers itself?")
        }
        return json
    }

    /// That it went well, whatever the body says.
    func done() throws {
        if isHTML { throw webPage }
        if !(200...299 ~= status) { throw fault }
    }

    /// Its released program gives the web interface to whoever asks for what it does not know.
    private var webPage: Fault {
        Fault(
            .unavailable, "\(server) answered \(subject) with a web page",
            hint: "this server does not know the call, or the address belongs to something else")
    }

    /// The four families of errors, as one.
    private var fault: Fault {
        if isHTML { return webPage }
        let name = json?["name"].string ?? json?["_tag"].string
        let said = json?["data"]["message"].string ?? json?["message"].string ?? json?["error"].string ?? text
        let message = "\(server): \(subject): \(said.isEmpty ? name ?? "status \(status)" : said)"
        switch (status, name) {
        case (401, _):
            return Fault(
                .unauthenticated, "\(server) wants another user or password",
                hint: "set OPENCODE_SERVER_USERNAME and OPENCODE_SERVER_PASSWORD to those that it was started with")
        // A route that is not there says so without a name: nothing is known of the session then.
        case (404, nil):
            return Fault(.unavailable, message, hint: "this server does not know the call: another version may")
        case (404, _): return Fault(.notFound, message)
        case (409, _): return Fault(.conflict, message, isRetryable: true)
        case (400, "ConfigJsonError"), (400, "ConfigInvalidError"):
            let path = json?["data"]["path"].string ?? "its configuration"
            return Fault(
                .invalidInput, "\(server) cannot read \(path): \(said)",
                hint: "mend the file; the server keeps the error until it is restarted")
        case (400...499, _): return Fault(.invalidInput, message)
        case (502...504, _): return Fault(.unavailable, message)
        default:
            let reference = json?["data"]["ref"].string.map { " (\($0))" } ?? ""
            return Fault(.internal, message + reference, hint: "the log of the server says more")
        }
    }
}
