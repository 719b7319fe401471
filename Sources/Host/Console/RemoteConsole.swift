import Runtime

/// A console whose lines the server runs.
@Loop
final class RemoteConsole: ConsoleTarget {
    private(set) var title = ""
    private let link: ServerLink
    private var socket: WebSocket
    private var lastID = 0
    private var evaluating: Int?

    /// Connects; without a server it fails as every command does.
    static func open(_ link: ServerLink) async throws -> RemoteConsole {
        let console = RemoteConsole(link, try await link.webSocket(path))
        try await console.greet()
        return console
    }

    private static let path = "/mgmt/console"

    private init(_ link: ServerLink, _ socket: WebSocket) {
        self.link = link
        self.socket = socket
    }

    func evaluate(_ code: String, onOutput: @escaping (String) -> Void) async throws -> ConsoleAnswer {
        lastID += 1
        let id = lastID
        evaluating = id
        defer { evaluating = nil }
        try await socket.send(ConsoleMessage.Request.evaluate(id: id, code: code).text)
        while true {
            switch try await next() {
            case .output(id, let lines): lines.forEach(onOutput)
            case .answer(id, let answer, let output):
                output.forEach(onOutput)
                return answer
            default: break
            }
        }
    }

    func interrupt() {
        guard let evaluating else { return }
        // A socket that takes no word just now belongs to a server that will hear of nothing else either.
        _ = socket.sendNow(.text(ConsoleMessage.Request.cancel(id: evaluating).text))
    }

    func complete(_ text: String) async -> [ConsoleCandidate] {
        lastID += 1
        let id = lastID
        do {
            try await socket.send(ConsoleMessage.Request.complete(id: id, text: text).text)
            while true {
                if case .candidates(id, let candidates) = try await next() { return candidates }
            }
        } catch {
            // The next line that is entered tells that the server has gone.
            return []
        }
    }

    func scripts() async throws -> String { ScriptsReport.files(try await link.get("/mgmt/scripts")) }

    func reload() async throws -> String {
        let answer = try await link.reloadScripts()
        if let failure = answer["failure"], failure != .null {
            throw Fault(.script, "the scripts do not load\n" + ScriptsReport.problems(failure).joined(separator: "\n"))
        }
        socket.close()
        socket = try await link.webSocket(RemoteConsole.path)
        try await greet()
        return ScriptsReport.reloaded(answer) + "A new session: its variables are gone.\n"
    }

    func close() async {
        socket.close()
        await link.close()
    }

    private func greet() async throws {
        guard case .hello(let generation, let version, let process) = try await next() else {
            throw Fault(.unavailable, "what answers at \(link.path) is no console")
        }
        title = "perigee \(version), process \(process), scripts of generation \(generation)"
    }

    private func next() async throws -> ConsoleMessage.Reply {
        while let message = try await socket.next() {
            if case .text(let text) = message, let reply = ConsoleMessage.Reply(text) { return reply }
        }
        throw Fault(.unavailable, "the server has ended the session", hint: "is it still running? `perigee status`")
    }
}
