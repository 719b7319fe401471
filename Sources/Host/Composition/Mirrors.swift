import Runtime

/// The files in which people, and older programs, read what the store says: which session each chat has, and which agent
/// stands for which persona. What an older program left in them is known to the chats.
@Loop
final class Mirrors {
    private let chats: Chats
    private let agents: AgentRegistry
    private let sessions: MirrorPace
    private let personas: MirrorPace

    init(_ chats: Chats, _ agents: AgentRegistry, _ workspaces: Workspaces, log: Log, scope: Scope) {
        self.chats = chats
        self.agents = agents
        sessions = MirrorPace(scope: scope) { [weak chats] user in
            guard let chats else { return }
            do {
                let sessions = try await chats.sessions(of: user)
                let workspace = try await workspaces.get(Workspace.id(of: user)).workspace
                try await workspaces.mirrorSessions(
                    Dictionary(sessions.map { ($0.chat, $0.session) }) { _, last in last }, of: workspace)
            } catch {
                log.warning("the list of sessions was not written: \(Fault(error).message)")
            }
        }
        personas = MirrorPace(scope: scope) { [weak agents] user in
            guard let agents else { return }
            do {
                let workspace = try await workspaces.get(Workspace.id(of: user)).workspace
                // What an older program knew of others stays.
                var personas = try await workspaces.formerPersonas(of: workspace)
                for persona in try await agents.described(in: workspace.id) { personas[persona.key] = persona.value }
                try await workspaces.mirrorPersonas(personas, of: workspace)
            } catch {
                log.warning("the list of personas was not written: \(Fault(error).message)")
            }
        }
        chats.former = { user in
            try await workspaces.formerSessions(of: try await workspaces.get(Workspace.id(of: user)).workspace)
        }
        chats.onChange = { [weak sessions] in sessions?.note($0) }
        agents.onChange = { [weak personas] in personas?.note($0.user) }
    }

    /// Returns when all that has changed is written.
    func close() async {
        chats.onChange = nil
        agents.onChange = nil
        chats.former = { _ in [:] }
        await sessions.close()
        await personas.close()
    }
}
