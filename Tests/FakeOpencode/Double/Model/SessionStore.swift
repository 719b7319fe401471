import Glibc
import Runtime

/// The sessions, in memory and, where a path is given, in one JSON file that a kill leaves whole.
@Loop
final class SessionStore: TurnEnding {
    private(set) var sessions: [String: Session] = [:]
    private let path: String?
    private var isDirty = false

    init(path: String?) {
        self.path = path
        load()
    }

    /// The one touched last comes first.
    var sorted: [Session] { sessions.values.sorted { $0.order > $1.order } }

    func children(of id: String) -> [Session] { sorted.filter { $0.parent == id } }

    func add(_ session: Session) {
        sessions[session.id] = session
        changed()
    }

    func remove(_ id: String) {
        sessions[id] = nil
        changed()
    }

    func removeAll() {
        sessions = [:]
        changed()
    }

    /// The file is written before the answers of this turn leave, as a commit would be.
    func changed() {
        guard path != nil, !isDirty else { return }
        isDirty = true
        Loop.atTurnEnd(self)
    }

    func turnEnds() { save() }

    /// Small and local: done on the spot, so that a crash in the next line finds it on disk.
    func save() {
        guard let path, isDirty else { return }
        isDirty = false
        let bytes = Array(JSONValue.array(sorted.map(\.stored)).json.utf8)
        let part = "\(path).part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        if count == bytes.count { rename(part, path) }
    }

    private func load() {
        guard let path, let text = Files.read(path), let list = JSONValue(json: text)?.elements else { return }
        for stored in list.reversed() { if let session = Session(stored: stored) { sessions[session.id] = session } }
    }
}

extension Session {
    var stored: JSONValue {
        [
            "info": json, "messages": .array(messages.map(\.json)), "todos": todos, "sequence": .int(sequence),
            "changes": .array(
                changes.map {
                    value([
                        "messageID": .string($0.messageID), "step": .string($0.step), "path": .string($0.path),
                        "before": .text($0.before), "after": .string($0.after),
                    ])
                }),
        ]
    }

    convenience init?(stored: JSONValue) {
        guard let info = stored["info"]?.members else { return nil }
        self.init(info)
        todos = stored["todos"] ?? .array([])
        sequence = stored["sequence"]?.integer ?? 0
        messages = (stored["messages"]?.elements ?? []).compactMap { message in
            guard let info = message["info"]?.members else { return nil }
            return StoredMessage(info: info, parts: (message["parts"]?.elements ?? []).compactMap(\.members))
        }
        changes = (stored["changes"]?.elements ?? []).compactMap { change in
            guard let message = change["messageID"]?.string, let step = change["step"]?.string,
                let path = change["path"]?.string, let after = change["after"]?.string
            else { return nil }
            return FileChange(
                messageID: message, step: step, path: path, before: change["before"]?.string, after: after)
        }
    }
}
