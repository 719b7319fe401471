import Glibc
import Runtime

/// `/mgmt/console`: a Lua prompt in a state of its own, over a WebSocket. See `docs/console.md` for its messages.
@Loop
struct ConsoleDoor: Door {
    let name = "scripts"
    private let gate: Gate
    private let scripts: Scripts
    private let scope: Scope

    private nonisolated static let most = 32

    /// `scope` has the sessions, and ends them when it closes.
    init(_ gate: Gate, _ scripts: Scripts, scope: Scope) {
        self.gate = gate
        self.scripts = scripts
        self.scope = scope
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/console", summary: "A Lua console in the live scripts, over a WebSocket.",
                answers: [
                    101: "the console", 403: "not for you", 429: "too many are open",
                    426: "this is no WebSocket request",
                ],
                action: .task(open))
        ]
    }

    private func open(_ request: Request) async throws -> Response {
        // Whoever types Lua here can do whatever this program can.
        try gate.require(.admin, request)
        // Each may take a generation's memory.
        guard scope.taskCount < ConsoleDoor.most else {
            throw Fault(.overBudget, "\(ConsoleDoor.most) consoles are open", hint: "close one")
        }
        return WebSocket.accept(request, in: scope) { [scripts, scope] socket in
            let live = scripts.live
            let session = try ConsoleSession(
                live.fresh(), live.table, limits: live.limits, generation: live.number)
            let service = ConsoleService(socket, session, scope: scope.child("console"))
            try await service.run(hello: ConsoleMessage.hello(generation: live.number))
        }
    }
}

/// One session: reads what the other side wants while an evaluation may be under way.
@Loop
private final class ConsoleService {
    private let socket: WebSocket
    private let session: ConsoleSession
    private let scope: Scope
    private var running: (id: Int, task: Task<Void, Never>)?
    /// Printed, but not taken by the other side yet.
    private var unsent: [String] = []
    private var unsentBytes = 0
    private var lost = 0

    private static let mostUnsent = 256 << 10

    init(_ socket: WebSocket, _ session: ConsoleSession, scope: Scope) {
        self.socket = socket
        self.session = session
        self.scope = scope
    }

    func run(hello: String) async throws {
        do {
            try await socket.send(hello)
            while let message = try await socket.next() { try await obey(message) }
            await end()
        } catch {
            await end()
            throw error
        }
    }

    private func end() async {
        await scope.close()
        session.close()
    }

    private func obey(_ message: WebSocket.Message) async throws {
        guard case .text(let text) = message, let asked = ConsoleMessage.Request(text) else {
            return socket.close(.policyViolation, "that is no message of the console")
        }
        switch asked {
        case .evaluate(let id, let code):
            guard running == nil else {
                let busy = ConsoleFailure(message: "another line is being evaluated")
                return try await socket.send(ConsoleMessage.answer(id, .failed(busy), output: []))
            }
            running = (id, scope.spawn("console evaluation") { [self] in try await evaluate(id, code) })
        case .cancel(let id):
            if let running, running.id == id { running.task.cancel() }
        case .complete(let id, let text):
            try await socket.send(ConsoleMessage.candidates(id, session.complete(text)))
        }
    }

    private func evaluate(_ id: Int, _ code: String) async throws {
        let answer = await session.evaluate(code) { [unowned self] in printed($0, id) }
        if lost > 0 { unsent.append("(\(lost) more lines, printed faster than they could be taken)") }
        let rest = unsent
        (unsent, unsentBytes, lost, running) = ([], 0, 0, nil)
        let message = ConsoleMessage.answer(id, answer, output: rest)
        // A cancelled task may still tell what became of it: sending waits only for a peer that does not read.
        if socket.sendNow(.text(message)) { return }
        try await socket.send(message)
    }

    private func printed(_ line: String, _ id: Int) {
        if unsent.isEmpty, socket.sendNow(.text(ConsoleMessage.output(id, [line]))) { return }
        guard unsentBytes + line.utf8.count <= ConsoleService.mostUnsent else {
            lost += 1
            return
        }
        unsent.append(line)
        unsentBytes += line.utf8.count
        if socket.sendNow(.text(ConsoleMessage.output(id, unsent))) { (unsent, unsentBytes) = ([], 0) }
    }
}
