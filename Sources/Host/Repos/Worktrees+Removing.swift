import Glibc
import Runtime

extension Worktrees {
    /// Puts right what a kill left.
    func start() async throws {
        var known: Set<String> = []
        for record in try await all() {
            let isThere = access("\(record.path)/.git", F_OK) == 0
            switch record.state {
            case .making where isThere, .removing where isThere:
                try await store.write { try $0.run(RepoQueries.setWorktreeState, WorktreeState.ready, record.id.text) }
            case .making, .removing:
                try await drop(record)
                continue
            case .ready: break
            }
            known.insert(record.id.text)
        }
        let places = repos.places
        try await BlockingPool.shared.run("desks") { [known] in
            for name in try RepoPlaces.names(places.desks) where !known.contains(name) {
                try RepoPlaces.remove("\(places.desks)/\(name)")
            }
        }
    }

    /// Moves it to the trash. Work that nobody else has is in the way unless it is forced; a run that is at work there
    /// always is. Gives the bytes that it held.
    @discardableResult
    func remove(_ id: WorktreeID, of user: String? = nil, isForced: Bool = false) async throws -> Int64 {
        try await turns.run(id.text) {
            let record = try await get(id, of: user)
            if isForced { for one in try await inner(of: record) { try await remove(one.id, isForced: true) } }
            return try await removeNow(record) { record in
                isForced ? nil : try await self.standing(record).reason
            }
        }
    }

    /// The same for a plan: `obstacle` is asked last, when nothing can change any more.
    func remove(_ id: WorktreeID, unless obstacle: (WorktreeRecord) async throws -> String?) async throws -> Int64 {
        try await turns.run(id.text) {
            guard let record = try await find(id) else { return 0 }
            return try await removeNow(record, unless: obstacle)
        }
    }

    private func removeNow(
        _ record: WorktreeRecord, unless obstacle: (WorktreeRecord) async throws -> String?
    ) async throws -> Int64 {
        if let why = try await obstacle(record) {
            throw Fault(
                .conflict, "the worktree \(record.id) has \(why)",
                hint: "commit and push them, or remove it with ?force=true; it lies in the trash for a while")
        }
        if let inner = try await inner(of: record).first {
            throw Fault(
                .conflict, "the worktree \(inner.id) lies in the worktree \(record.id)", hint: "remove that one first")
        }
        guard !isBusy(record) else { throw Fault(.conflict, "somebody is at work in the worktree \(record.id)") }
        try await store.write { try $0.run(RepoQueries.setWorktreeState, WorktreeState.removing, record.id.text) }
        var bytes = 0
        if try await isThere(record.path) {
            do {
                bytes = try await throwAway(record.path)
            } catch {
                try await store.write { try $0.run(RepoQueries.setWorktreeState, WorktreeState.ready, record.id.text) }
                throw error
            }
        }
        let desk = repos.places.desk(record.id)
        try await BlockingPool.shared.settle("the desk of \(record.id)") { try RepoPlaces.remove(desk) }
        try await drop(record)
        try await dropPool(of: record)
        log.info("removed a worktree", ["worktree": LogValue(record.id.text), "bytes": LogValue(bytes)])
        return Int64(bytes)
    }

    /// The last worktree of a user on a repository takes the objects along.
    private func dropPool(of record: WorktreeRecord) async throws {
        let (workspace, repo) = (record.workspace, record.repo.id)
        guard try await store.read({ try $0.one(RepoQueries.sharersOfPool, workspace, repo) }) == 0,
            let cached = try await repos.find(record.repo)
        else { return }
        let base = repos.places.base(of: record)
        let pool = ObjectPool(
            git: repos.git, cache: repos.places.repo(cached.folder), repo: cached, places: repos.places, base: base)
        try await pool.forget()
        if try await isThere(pool.path) { _ = try await throwAway(pool.path) }
    }

    private func isThere(_ path: String) async throws -> Bool {
        try await BlockingPool.shared.run("looking for \(path)") {
            var status = stat()
            return lstat(path, &status) == 0
        }
    }

    /// By the root in which it lies; no link on the way is followed.
    private func throwAway(_ path: String) async throws -> Int {
        let places = repos.places
        for root in places.roots where path.hasPrefix("\(root.path)/") {
            let parts = path.dropFirst(root.path.utf8.count + 1).split(separator: "/").map(String.init)
            return try await trash.remove(parts, of: root).bytes
        }
        throw Fault(.internal, "\(path) is in no place of ours")
    }
}

extension RepoPlaces {
    /// Where removed worktrees can lie; of no interest to scripts but for their trash.
    var roots: [FileRoot] {
        [
            FileRoot("workspaces", workspaces, isWritable: true),
            FileRoot("projects", root, isWritable: true),
        ]
    }
}
