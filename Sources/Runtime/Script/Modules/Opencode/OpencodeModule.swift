import LuaBridge

extension HostModule {
    /// `host.opencode`, over requests of the world's making.
    public static func opencode(_ world: World) -> HostModule {
        let connection = LuaClass<OpencodeConnection>("host.opencode.Server")
        let sessions = LuaClass<OpencodeSessions>("host.opencode.Sessions")
        let events = LuaClass<OpencodeEvents>("host.opencode.Events")
        return HostModule(
            "opencode",
            "Servers of the opencode agent: their sessions, prompts and events. Only public addresses are reached, unless "
                + "the call and the owner allow others.",
            [connect(world, connection)],
            classes: [
                HostClass(
                    connection, "A server, and the directory in which its agents work.",
                    OpencodeMethods.connection(sessions, events)),
                HostClass(sessions, "The sessions of a server.", OpencodeMethods.sessions),
                HostClass(events, "What happens on a server, by `for` or by calling it.", OpencodeMethods.events),
            ])
    }

    private static let options = Record(
        "host.opencode.Connection", "Which server, and for which directory.",
        [
            .required("url", .text(), "Its address, as http://127.0.0.1:4096."),
            .required(
                "directory", .text(max: 4096), "The absolute path in which its agents work, as the server sees it."),
            .optional("user", .text(max: 200), "Its user; \"opencode\" unless given."),
            .optional("password", .text(max: 1000), "Its password, when it has one."),
            .optional(
                "allow_private", .boolean, "Also reaches those addresses that are not public and the owner allows."),
        ])

    private static func connect(_ world: World, _ type: LuaClass<OpencodeConnection>) -> HostFunction {
        HostFunction(
            "connect", "Names a server. Nothing is asked of it yet.",
            [.required("options", .record(options), "Which server, and for which directory.")],
            results: [.required("server", .object(type.name), "The server.")], canFail: true,
            example: #"local server = assert(opencode.connect { url = url, directory = "/work" })"#
        ) { call in
            let options = call.options("options")
            let directory = options.text("directory")!
            guard directory.hasPrefix("/") else {
                throw Fault(.invalidInput, "`\(directory)` is no absolute path for an agent to work in")
            }
            let isPrivate = options.bool("allow_private") == true
            let http = world.http
            let server = OpencodeServer(
                try WebAddress(options.text("url")!), user: options.text("user") ?? "opencode",
                password: options.text("password").map { Secret($0) }, log: world.log
            ) { request in
                var request = request
                // What that opens is the world's to say.
                request.guarding = isPrivate ? .open : .publicOnly()
                return try await http.send(request)
            }
            return type.value(OpencodeConnection(server, directory))
        }
    }
}

/// A server in a script's hands.
@Loop
final class OpencodeConnection {
    let server: OpencodeServer
    let directory: String

    init(_ server: OpencodeServer, _ directory: String) {
        self.server = server
        self.directory = directory
    }
}

/// Its sessions, as a group of functions.
@Loop
final class OpencodeSessions {
    let server: OpencodeServer
    let directory: String

    init(_ connection: OpencodeConnection) {
        server = connection.server
        directory = connection.directory
    }
}

/// Its events while a script reads them: a stream of the script's own, which ends with its last holder.
@Loop
final class OpencodeEvents {
    private let dialect: any OpencodeDialect
    private var parser: EventParser
    private var source: (@Loop () async throws -> [UInt8]?)?
    private var ready: [OpencodeEvent] = []
    private var isReading = false

    init(_ connection: OpencodeConnection) async throws {
        let server = connection.server
        dialect = try await server.dialect()
        parser = EventParser(limit: 1 << 20)
        let call = dialect.stream
        let answer = try await Deadline.within(server.link.settings.connect) { try await server.link.begin(call) }
        let type = answer.headers["content-type"]?.lowercased() ?? ""
        guard answer.status == 200, type.hasPrefix("text/event-stream") else {
            throw Fault(.unavailable, "\(server.link.name) gives no event stream: status \(answer.status)")
        }
        source = answer.next
    }

    func close() { source = nil }

    func next() async throws -> OpencodeEvent? {
        guard !isReading else { throw ScriptMistake("two calls read one stream of host.opencode at once") }
        isReading = true
        defer { isReading = false }
        while ready.isEmpty {
            guard let source, let piece = try await source() else {
                source = nil
                return nil
            }
            var frames: [ServerEvent] = []
            try piece.withUnsafeBytes { try parser.feed($0) { frames.append($0) } }
            for frame in frames { ready += dialect.events(try JSON.parse(frame.data)) }
        }
        return ready.removeFirst()
    }
}
