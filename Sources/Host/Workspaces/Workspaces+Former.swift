import Runtime

/// What older installations left, and the files in which people find what the store says.
extension Workspaces {
    /// Once for a root, before any agent has run there: directories that go by another name than their user's keep it.
    /// Later such a file proves nothing, because agents write in workspaces.
    func takeOverRoot() async throws {
        let (root, moment, places) = (places.root, now(), places)
        guard try await store.read({ try $0.first(WorkspacesQueries.rootSeen, root) }) == nil else { return }
        let found = try await BlockingPool.shared.run("looking through \(root)") {
            try Dictionary(grouping: places.owners(), by: \.user).compactMap { user, folders -> (String, String)? in
                // A directory that has the user's own name is theirs; of several others nobody knows which is.
                guard folders.count == 1, try !places.has(Workspace.id(of: user)) else { return nil }
                return (user, folders[0].folder)
            }
        }
        try await store.write { store in
            for (user, folder) in found {
                try store.run(WorkspacesQueries.add, Workspace.id(of: user), user, folder, moment, moment)
            }
            try store.run(WorkspacesQueries.noteRoot, root, moment)
        }
        if !found.isEmpty {
            log.info("workspaces taken over by their openwebui.config", ["count": LogValue(found.count)])
        }
    }

    /// Reads the files of an older installation into the store, once.
    func takeOver(_ record: WorkspaceRecord) async throws {
        let (places, id, moment) = (places, record.id, now())
        var files: (sessions: [UInt8]?, personas: [UInt8]?, owner: [UInt8]?) = (nil, nil, nil)
        do {
            files = try await BlockingPool.shared.run("workspace \(id)") { try places.formerFiles(record.folder) }
        } catch let fault as Fault where fault.kind == .denied || fault.kind == .tooLarge {
            log.warning("files of an older installation are left alone: \(fault.message)", ["workspace": LogValue(id)])
        }
        let sessions = FormerFiles.sessions(files.sessions)
        let personas = try FormerFiles.personas(files.personas).map { persona in
            (persona.key, String(decoding: try JSON.encode(persona.value), as: UTF8.self))
        }
        if sessions.isEmpty, files.sessions.map({ $0.count > 4 }) ?? false {
            log.warning("the former session map is damaged and counts as empty", ["workspace": LogValue(id)])
        }
        try await store.write { store in
            guard try store.run(WorkspacesQueries.claimImport, moment, id) == 1 else { return }
            for (chat, session) in sessions {
                try store.run(WorkspacesQueries.addImport, id, FormerFiles.Kind.session.rawValue, chat, session)
            }
            for (agent, content) in personas {
                try store.run(WorkspacesQueries.addImport, id, FormerFiles.Kind.persona.rawValue, agent, content)
            }
        }
        guard FormerFiles.owner(files.owner) != record.user else { return }
        let text = try FormerFiles.text(owner: record.user, at: moment)
        await mirror(text, FormerFiles.ownerName, record, inside: false)
    }

    /// Chats of an older installation with their sessions.
    func formerSessions(of workspace: Workspace) async throws -> [String: String] {
        let id = workspace.id
        let rows = try await store.read {
            try $0.all(WorkspacesQueries.imports, id, FormerFiles.Kind.session.rawValue)
        }
        return Dictionary(rows.map { ($0.0, $0.1) }) { one, _ in one }
    }

    /// Personas of an older installation by their agent's name.
    func formerPersonas(of workspace: Workspace) async throws -> JSONObject {
        let id = workspace.id
        let rows = try await store.read {
            try $0.all(WorkspacesQueries.imports, id, FormerFiles.Kind.persona.rawValue)
        }
        return JSONObject(try rows.map { ($0.0, try JSON.parse($0.1).value ?? .null) })
    }

    /// Shows people, and programs that read it, which session each chat has. Nothing is read back from it.
    func mirrorSessions(_ sessions: [String: String], of workspace: Workspace) async throws {
        let record = try await record(workspace.id)
        await mirror(try FormerFiles.text(sessions: sessions), FormerFiles.sessionsName, record, inside: true)
    }

    /// The same for personas; the values are as capability PE-12 has them.
    func mirrorPersonas(_ personas: JSONObject, of workspace: Workspace) async throws {
        let record = try await record(workspace.id)
        await mirror(try FormerFiles.text(personas: personas), FormerFiles.personasName, record, inside: true)
    }

    /// A mirror that cannot be written keeps nobody from working.
    private func mirror(_ bytes: [UInt8], _ name: String, _ record: WorkspaceRecord, inside: Bool) async {
        let places = places
        do {
            try await BlockingPool.shared.run("workspace \(record.id)") {
                try places.mirror(bytes, name, in: record.folder, inside: inside)
            }
        } catch {
            log.warning(
                "a mirror was not written: \(Fault(error).message)",
                ["workspace": LogValue(record.id), "file": LogValue(name)])
        }
    }
}
