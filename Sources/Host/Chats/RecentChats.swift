/// The turns of the chats that were used last, as the store has them or soon will, so that the next turn of such a chat is
/// planned without asking the store.
struct RecentChats {
    struct Key: Hashable {
        let user: String
        let chat: String
    }

    /// More are forgotten, the oldest first, and asked for instead; so is a chat with more turns than its bound. At half
    /// a kilobyte a turn all of it stays within 15 MB.
    private static let mostChats = 256
    private static let mostTurnsOfChat = 100
    private static let mostTurns = 1024

    /// All turns of a chat, oldest first.
    private var chats = Recent<Key, [ChatNode]>(most: RecentChats.mostChats)
    /// The newest turns of all chats, which may still be on their way to the store.
    private var turns = Recent<String, (key: Key, node: ChatNode)>(most: RecentChats.mostTurns)
    /// The runs of those, the oldest first.
    private var runs: [Key: [String]] = [:]

    func nodes(of key: Key) -> [ChatNode]? { chats[key] }

    /// How often the store has come to know better.
    private(set) var corrections = 0

    /// What the store has of a chat. Gives it with what was still on its way there; keeps it unless something was put
    /// right since it was asked for.
    mutating func read(_ stored: [ChatNode], of key: Key, after corrections: Int) -> [ChatNode] {
        var nodes = stored
        for run in runs[key, default: []] {
            if let turn = turns[run] { RecentChats.put(turn.node, into: &nodes) }
        }
        if nodes.count <= RecentChats.mostTurnsOfChat, corrections == self.corrections { chats[key] = nodes }
        return nodes
    }

    /// A turn that came a short while ago.
    func turn(_ run: String) -> ChatNode? { turns[run]?.node }

    /// A turn that is new, or stands otherwise than it did.
    mutating func put(_ node: ChatNode, in key: Key) {
        if turns[node.run] == nil { runs[key, default: []].append(node.run) }
        if let (old, turn) = turns.set((key, node), for: node.run) { leave(turn.key, old) }
        guard var nodes = chats[key] else { return }
        RecentChats.put(node, into: &nodes)
        chats[key] = nodes.count <= RecentChats.mostTurnsOfChat ? nodes : nil
    }

    /// The store knows better: the turn was changed there.
    mutating func drop(_ run: String) {
        corrections += 1
        if let turn = turns[run] { leave(turn.key, run) }
        turns[run] = nil
        chats.remove { _, nodes in nodes.contains { $0.run == run } }
    }

    mutating func forget(_ isMeant: (Key) -> Bool) {
        corrections += 1
        chats.remove { key, _ in isMeant(key) }
        turns.remove { _, turn in isMeant(turn.key) }
        runs = runs.filter { !isMeant($0.key) }
    }

    private mutating func leave(_ key: Key, _ run: String) {
        runs[key]?.removeAll { $0 == run }
        if runs[key]?.isEmpty == true { runs[key] = nil }
    }

    /// One that the store has not numbered yet is the newest.
    private static func put(_ node: ChatNode, into nodes: inout [ChatNode]) {
        if let place = nodes.lastIndex(where: { $0.run == node.run }) {
            nodes[place].session = node.session ?? nodes[place].session
            nodes[place].engineMessage = node.engineMessage ?? nodes[place].engineMessage
        } else {
            var node = node
            node.number = (nodes.last?.number ?? 0) + 1
            nodes.append(node)
        }
    }
}

/// The values that were set last; beyond `most` the oldest go.
struct Recent<Key: Hashable, Value> {
    private let most: Int
    private var values: [Key: Value] = [:]
    /// In the order in which they came; what was pushed out lies before `first`.
    private var order: [Key] = []
    private var first = 0

    init(most: Int) { self.most = most }

    subscript(_ key: Key) -> Value? {
        get { values[key] }
        set {
            if let newValue {
                set(newValue, for: key)
            } else if values.removeValue(forKey: key) != nil {
                compact()
            }
        }
    }

    /// Gives what had to go for it.
    @discardableResult
    mutating func set(_ value: Value, for key: Key) -> (Key, Value)? {
        guard values.updateValue(value, forKey: key) == nil else { return nil }
        order.append(key)
        guard order.count - first > most else { return nil }
        let oldest = order[first]
        first += 1
        let gone = values.removeValue(forKey: oldest).map { (oldest, $0) }
        if first > most { compact() }
        return gone
    }

    mutating func remove(_ isMeant: (Key, Value) -> Bool) {
        values = values.filter { !isMeant($0.key, $0.value) }
        compact()
    }

    private mutating func compact() {
        order = order[first...].filter { values[$0] != nil }
        first = 0
    }
}
