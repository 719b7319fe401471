import Runtime

// What Perigee itself has in a worktree: the agent's configuration, and other worktrees.
extension Worktrees {
    /// Puts the workspace's configuration of the agent where the agent looks in a worktree; true when it changed. Where the
    /// repository has the file itself, ours is the other one of the two that the agent reads there and puts together:
    /// what the repository says wins, as it does for what it says in its root. Git passes over ours on both sides.
    func configure(_ record: WorktreeRecord, from workspace: Workspace) async throws -> Bool {
        let desk = try await desk(record)
        guard let name = try await configName(desk) else {
            log.info("the repository has its own configuration of the agent", ["worktree": LogValue(record.id.text)])
            return false
        }
        if name != AgentConfig.file { try await pass(over: "/\(AgentConfig.folder)/\(name)", in: desk) }
        let (agent, directory) = (desk.agent, workspace.directory)
        return try await BlockingPool.shared.run("the agent's configuration in \(record.id)") {
            guard let wanted = try GuardedFolder.root(directory).read(AgentConfig.file, limit: ConfigPlan.limit),
                let folder = try agent.tree().folder(AgentConfig.folder, creating: true)
            else { return false }
            if try folder.read(name, limit: ConfigPlan.limit) == wanted { return false }
            try folder.write(wanted, to: name)
            return true
        }
    }

    /// The first that the repository has not.
    private func configName(_ desk: Desk) async throws -> String? {
        for name in [AgentConfig.file, AgentConfig.otherFile] {
            let call = desk.repository.call(["cat-file", "-e", "\(Desk.base):\(AgentConfig.folder)/\(name)"])
            if try await desk.git.attempt(call).code != 0 { return name }
        }
        return nil
    }

    /// Has git pass over the directory of another worktree in this one, which must not be the repository's own.
    func makeRoom(for name: String, in record: WorktreeRecord) async throws {
        let desk = try await desk(record)
        let call = desk.repository.call(["cat-file", "-e", "\(Desk.base):\(name)"])
        guard try await desk.git.attempt(call).code != 0 else {
            throw Fault(
                .conflict, "\(record.repo) has \(name) itself, which the other repository would hide",
                hint: "name the other one first")
        }
        try await pass(over: "/\(name)/", in: desk)
    }

    /// One more line of what git does not see, at the desk and in the agent's repository.
    private func pass(over pattern: String, in desk: Desk) async throws {
        let (agent, own) = (desk.agent, "\(desk.path)/info")
        try await BlockingPool.shared.run("what git passes over in \(agent.folder)") {
            try GuardedFolder.root(own).pass(over: pattern)
            try agent.repository().folder("info", creating: true)?.pass(over: pattern)
        }
    }

    /// Worktrees that lie in this one.
    func inner(of record: WorktreeRecord) async throws -> [WorktreeRecord] {
        let (first, last) = (record.path + "/", record.path + "0")
        return try await store.read { try $0.all(RepoQueries.worktreesBetween, first, last) }
    }
}

extension GuardedFolder {
    /// For git's own list, in a repository's `info`.
    fileprivate func pass(over pattern: String) throws {
        let bytes = try read("exclude", limit: 1 << 20) ?? []
        guard !bytes.split(separator: 10).contains(where: { $0.elementsEqual(pattern.utf8) }) else { return }
        let end: [UInt8] = bytes.isEmpty || bytes.last == 10 ? [] : [10]
        try write(bytes + end + Array(pattern.utf8) + [10], to: "exclude")
    }
}
