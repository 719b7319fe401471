import Runtime

/// A message and its parts, as the original's database has them: text that still streams is not in it.
struct StoredMessage: Sendable {
    var info: JSONObject
    var parts: [JSONObject] = []

    var id: String { info.text("id") ?? "" }
    var isUser: Bool { info.text("role") == "user" }
    /// What its parts say in words of the user's own.
    var ownText: String {
        parts.filter { $0.text("type") == "text" && $0["synthetic"]?.bool != true }.compactMap { $0.text("text") }
            .joined(separator: "\n")
    }
    var json: JSONValue { ["info": .object(info), "parts": .array(parts.map { .object($0) })] }
}

/// A file as it was before and after a tool touched it.
struct FileChange: Sendable {
    /// The user's message that led to it, and the assistant's that did it.
    var messageID: String
    var step: String
    var path: String
    /// Nil: there was none.
    var before: String?
    var after: String
}

/// One session with everything that outlives the process.
@Loop
final class Session {
    let id: String
    var info: JSONObject
    var messages: [StoredMessage] = []
    var todos: JSONValue = .array([])
    var changes: [FileChange] = []
    /// Grows with each touch of any session: the latest first, also within a millisecond.
    private(set) var order = 0
    private static var lastOrder = 0
    /// Of the durable events, which count from zero for each session.
    var sequence = 0

    init(_ info: JSONObject) {
        self.info = info
        id = info.text("id") ?? ""
        stamp()
    }

    var directory: String { info.text("directory") ?? "/" }
    var parent: String? { info.text("parentID") }
    var title: String { info.text("title") ?? "" }
    var json: JSONValue { .object(info) }
    /// The model's name parts; nil before the first prompt.
    var model: (provider: String, id: String)? {
        guard let model = info["model"], let provider = model["providerID"]?.string, let id = model["id"]?.string
        else { return nil }
        return (provider, id)
    }

    func place(of message: String) -> Int? { messages.firstIndex { $0.id == message } }

    func put(_ info: JSONObject) {
        if let place = place(of: info.text("id") ?? "") {
            messages[place].info = info
        } else {
            // The newest stands last; an id of the client's own is put where it sorts.
            let place = messages.lastIndex { $0.id < info.text("id") ?? "" }.map { $0 + 1 } ?? 0
            messages.insert(StoredMessage(info: info), at: place)
        }
    }

    func put(part: JSONObject) {
        guard let message = place(of: part.text("messageID") ?? "") else { return }
        let place = messages[message].parts.firstIndex { $0.text("id") == part.text("id") }
        if let place { messages[message].parts[place] = part } else { messages[message].parts.append(part) }
    }

    func touch() {
        setTime("updated", Clock.now)
        stamp()
    }

    private func stamp() {
        Session.lastOrder += 1
        order = Session.lastOrder
    }

    func setTime(_ key: String, _ moment: JSONValue?) {
        var time = info["time"]?.members ?? JSONObject()
        time[key] = moment
        info["time"] = .object(time)
    }

    func spend(_ usage: Usage) {
        info["cost"] = .number((info["cost"]?.number ?? 0) + usage.cost)
        info["tokens"] = usage.added(to: info["tokens"])
    }
}
