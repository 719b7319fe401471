extension OpencodeServer {
    /// Reads what a turn has to know of its session. The order of the calls is what makes it hold together: see
    /// `OpencodeTurn.Snapshot`.
    public func snapshot(for turn: OpencodeTurn, in directory: String) async throws -> OpencodeTurn.Snapshot {
        let session = turn.session
        var snapshot = OpencodeTurn.Snapshot(status: .idle, mark: turn.mark)
        snapshot.status = try await status(in: directory)[session] ?? .idle
        let asks = try await asks(in: directory)
        if turn.isAfterGap, capabilities?.major == 1 { snapshot.todo = try await todo(of: session, in: directory) }
        snapshot.messages = try await messages(since: turn, in: directory)
        if snapshot.messages.contains(where: \.hasSubtask) {
            // Subtasks of earlier turns are listed too, and begun before this one.
            let begun = snapshot.messages.first { turn.isPrompt($0) }?.created ?? .max
            snapshot.subtasks = try await subtasks(of: session, in: directory, depth: 4)
                .filter { $0.created >= begun || turn.subtasks.contains($0.id) }
            for subtask in snapshot.subtasks {
                snapshot.subtaskMessages += try await messages(of: subtask.id, in: directory).messages
            }
        }
        let known = Set([session] + turn.subtasks + snapshot.subtasks.map(\.id))
        snapshot.asks = asks.filter { known.contains($0.session) }
        return snapshot
    }

    /// From the prompt on. Without it only the newest page is of use: a prompt that arrived is never far back.
    private func messages(since turn: OpencodeTurn, in directory: String) async throws -> [OpencodeMessage] {
        var found: [OpencodeMessage] = []
        var place: String?
        for _ in 0..<20 {
            let page = try await messages(of: turn.session, before: place, in: directory)
            found = page.messages + found
            if let start = found.lastIndex(where: turn.isPrompt) { return Array(found[start...]) }
            place = page.older
            if place == nil || turn.userMessage == nil { break }
        }
        return found
    }

    private func subtasks(of session: String, in directory: String, depth: Int) async throws -> [OpencodeSession] {
        guard depth > 0 else { return [] }
        var all: [OpencodeSession] = []
        for child in try await children(of: session, in: directory) {
            all.append(child)
            all += try await subtasks(of: child.id, in: directory, depth: depth - 1)
        }
        return all
    }
}

extension OpencodeMessage {
    fileprivate var hasSubtask: Bool {
        parts.contains { if case .tool(let tool) = $0.body { tool.name == "task" } else { false } }
    }
}
