import Runtime

/// All that a turn of a chat passes on its way to a run, put together.
@Loop
final class ChatRoom {
    let chats: Chats
    let intake: TurnIntake

    init(
        _ store: Store, _ access: Access, _ runs: Runs, chats: Chats, agents: AgentRegistry, sides: SideCalls,
        modes: @escaping @Loop () -> [String], log: Log, scope: Scope
    ) {
        self.chats = chats
        intake = TurnIntake(runs, access.workspaces, agents, sides, modes: modes)
        let workspaces = access.workspaces
        chats.former = { user in
            try await workspaces.formerSessions(of: try await workspaces.get(Workspace.id(of: user)).workspace)
        }
        chats.onChange = { [weak self] user in
            scope.spawn("mirroring sessions") { await self?.mirror(user, workspaces, log) }
        }
    }

    /// Which session each chat has, for people and older programs to read.
    private func mirror(_ user: String, _ workspaces: Workspaces, _ log: Log) async {
        do {
            let sessions = try await chats.sessions(of: user)
            let workspace = try await workspaces.get(Workspace.id(of: user)).workspace
            try await workspaces.mirrorSessions(
                Dictionary(sessions.map { ($0.chat, $0.session) }) { _, last in last }, of: workspace)
        } catch {
            log.warning("the list of sessions was not written: \(Fault(error).message)")
        }
    }

    func close() {
        chats.onChange = nil
        chats.former = { _ in [:] }
    }
}
