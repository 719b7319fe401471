import Runtime

extension Workspaces {
    /// Has `work` take a workspace away while nobody gets it. Afterwards it is as if it had never been: its user, should
    /// they come back, gets a new one.
    func give(_ id: String, upTo work: @Loop () async throws -> Void) async throws {
        try await turns.run(id) {
            try await work()
            forget(id)
        }
    }

    /// The directories of all, by pages of a thousand, without their keys.
    func places(_ each: (WorkspaceRecord) -> Void) async throws {
        var after = ""
        while true {
            let page = try await store.read { [after] in try $0.all(WorkspacesQueries.page, after, 1000) }
            for record in page { each(record) }
            guard page.count == 1000, let last = page.last else { return }
            after = last.id
        }
    }
}
