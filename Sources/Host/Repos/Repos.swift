import Glibc
import Runtime

/// The cache of repositories: bare copies that only Perigee reads and writes. Users work in worktrees, made from it.
@Loop
final class Repos {
    let git: Git
    let places: RepoPlaces
    let store: Store
    let log: Log
    let now: @Loop () -> Int64
    let settings: RepoSettings
    /// Everything that changes a repository of the cache, one after the other.
    let turns = Turns("the repository")
    private let cloning: SingleFlight<(repo: RepoRecord, isMade: Bool)>
    private let fetching: SingleFlight<RepoRecord>
    /// Who wants to know how far a clone is, by the repository's id.
    private var listeners: [String: [Int: @Loop (GitProgress) -> Void]] = [:]
    private var lastListener = 0

    init(
        _ git: Git, _ places: RepoPlaces, _ settings: RepoSettings, _ store: Store, log: Log,
        now: @escaping @Loop () -> Int64, scope: Scope
    ) {
        self.git = git
        self.places = places
        self.settings = settings
        self.store = store
        self.log = log
        self.now = now
        cloning = SingleFlight("cloning", scope: scope)
        fetching = SingleFlight("fetching", scope: scope)
    }

    /// Puts right what a kill left: what is half made goes, and what was whole but for a word in the store gets it.
    func start() async throws {
        let places = places
        try await BlockingPool.shared.run("the cache of repositories") {
            for name in try RepoPlaces.names(places.cache, prefix: ".") {
                try RepoPlaces.remove("\(places.cache)/\(name)")
            }
            for name in try RepoPlaces.names(places.making) { try RepoPlaces.remove("\(places.making)/\(name)") }
            for name in try RepoPlaces.names(places.gitHome, prefix: "parcel-") {
                try RepoPlaces.remove("\(places.gitHome)/\(name)")
            }
        }
        for repo in try await list() {
            let path = places.repo(repo.folder)
            let isThere = access("\(path)/HEAD", F_OK) == 0
            switch repo.state {
            case .cloning where isThere: try await noteFetched(repo, nil)
            case .cloning, .removing: try await forget(repo)
            case .ready where !isThere:
                log.warning("a repository of the cache is gone", ["repo": LogValue(repo.name.description)])
                // Its worktrees keep the name; the next use clones it again.
                if try await worktreeCount(repo.name) == 0 { try await forget(repo) }
            case .ready: break
            }
        }
    }

    // MARK: asking

    func list() async throws -> [RepoRecord] { try await store.read { try $0.all(RepoQueries.repos) } }

    /// Nil for one that is not cloned, or not yet.
    func find(_ name: RepoName) async throws -> RepoRecord? {
        guard let repo = try await store.read({ try $0.first(RepoQueries.repo, name.id) }), repo.state == .ready,
            access("\(places.repo(repo.folder))/HEAD", F_OK) == 0
        else { return nil }
        return repo
    }

    func get(_ name: RepoName) async throws -> RepoRecord {
        guard let repo = try await find(name) else {
            throw Fault(
                .notFound, "the repository \(name) is not cloned",
                hint: "POST /mgmt/repos/clone {\"repo\": \"\(name)\"}")
        }
        return repo
    }

    /// By the name of its directory, which is `owner__name` unless two would be called the same.
    func get(folder: String) async throws -> RepoRecord {
        guard let repo = try await store.read({ try $0.first(RepoQueries.repoByFolder, folder) }), repo.state == .ready
        else { throw Fault(.notFound, "no repository of the cache lies in \"\(folder.prefix(180))\"") }
        return repo
    }

    func worktreeCount(_ name: RepoName) async throws -> Int {
        try await store.read { try $0.one(RepoQueries.worktreeCount, name.id) }
    }

    func address(of name: RepoName) -> String { settings.address(of: name) }

    // MARK: clone and fetch

    /// Makes sure that it is in the cache. Two who ask at once get the same clone. `isNew` says who began it.
    func clone(
        _ name: RepoName, login: GitLogin?, depth: Int? = nil, filter: RepoFilter? = nil,
        onProgress: @escaping @Loop (GitProgress) -> Void = { _ in }
    ) async throws -> (repo: RepoRecord, isNew: Bool) {
        if let repo = try await find(name) { return (repo, false) }
        let listener = follow(name.id, onProgress)
        defer {
            listeners[name.id]?[listener] = nil
            if listeners[name.id]?.isEmpty == true { listeners[name.id] = nil }
        }
        let (repo, isFirst) = try await cloning.lead(name.id) { [self] in
            try await turns.run(name.id) {
                try await cloneNow(name, login, depth ?? settings.depth, filter ?? settings.filter)
            }
        }
        // Who heard late that it was not there yet may find it made.
        return (repo.repo, isFirst && repo.isMade)
    }

    private func follow(_ id: String, _ tell: @escaping @Loop (GitProgress) -> Void) -> Int {
        lastListener += 1
        listeners[id, default: [:]][lastListener] = tell
        return lastListener
    }

    private func note(_ news: GitProgress, of id: String) { for tell in (listeners[id] ?? [:]).values { tell(news) } }

    private func cloneNow(
        _ name: RepoName, _ login: GitLogin?, _ depth: Int?, _ filter: RepoFilter
    ) async throws -> (repo: RepoRecord, isMade: Bool) {
        if let repo = try await find(name) { return (repo, false) }
        let repo = try await enter(name, depth, filter)
        let part = "\(places.cache)/.cloning-\(Hex.encode(Random.bytes(8)))"
        do {
            _ = try await GitRepository.clone(
                git, settings.address(of: name), to: part, .init(depth: depth, filter: filter.text, login: login)
            ) { [weak self] in self?.note($0, of: name.id) }
            let target = places.repo(repo.folder)
            try await BlockingPool.shared.settle("cloning \(name)") {
                // What is there without being known is a remainder.
                try RepoPlaces.remove(target)
                try RepoPlaces.move(part, to: target)
            }
            try await noteFetched(repo, nil)
            log.info("cloned", ["repo": LogValue(name.description)])
            return (try await get(name), true)
        } catch {
            await Deadline.lifted { await undo(repo, part) }
            throw error
        }
    }

    private func enter(_ name: RepoName, _ depth: Int?, _ filter: RepoFilter) async throws -> RepoRecord {
        let moment = now()
        let repo = try await store.write { store -> RepoRecord? in
            for folder in [name.folder, name.otherFolder] {
                try store.run(
                    RepoQueries.addRepo, name.id, name.owner, name.name, folder, depth, filter, moment, moment)
                if let repo = try store.first(RepoQueries.repo, name.id) { return repo }
            }
            return nil
        }
        guard let repo else { throw Fault(.conflict, "there is no directory left for \(name)") }
        return repo
    }

    private func undo(_ repo: RepoRecord, _ part: String) async {
        do {
            try await BlockingPool.shared.settle("cloning \(repo.name)") { try RepoPlaces.remove(part) }
            if try await worktreeCount(repo.name) == 0 { try await forget(repo) }
        } catch {
            log.warning("half a clone is left until the next start: \(Fault(error).message)")
        }
    }

    /// Brings it up to date, with the rights of who asks: that is also the proof that they may read it.
    func fetch(_ name: RepoName, login: GitLogin?) async throws -> RepoRecord {
        let who = login.map { Hex.encode(SHA256.hash("\($0.user)\0\($0.password.reveal())").prefix(8)) } ?? ""
        return try await fetching.run("\(name.id) \(who)") { [self] in
            try await turns.run(name.id) {
                let repo = try await get(name)
                let repository = GitRepository(git, places.repo(repo.folder))
                let address = settings.address(of: name)
                let branch = try await repository.defaultBranch(of: address, login: login)
                try await repository.fetch(
                    address, ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], depth: repo.depth, login: login
                )
                if let branch, branch != repo.defaultBranch { try await repository.setHead(branch) }
                try await tidy(repo, repository)
                try await noteFetched(repo, branch)
                return try await get(name)
            }
        }
    }

    /// Many small packs become one; nothing that anybody borrows is dropped.
    private func tidy(_ repo: RepoRecord, _ repository: GitRepository) async throws {
        let packs = try await BlockingPool.shared.run("packs of \(repo.name)") { [places] in
            try RepoPlaces.names("\(places.repo(repo.folder))/objects/pack", prefix: "pack-").count
        }
        guard packs > Repos.mostPacks * 2 else { return }
        try await repository.repack()
    }
    private static let mostPacks = 40

    private func noteFetched(_ repo: RepoRecord, _ branch: String?) async throws {
        let (path, moment) = (places.repo(repo.folder), now())
        let head = try await GitRepository(git, path).head()
        let bytes = try await BlockingPool.shared.run("the size of \(repo.name)") { RepoPlaces.bytes(below: path) }
        try await store.write { try $0.run(RepoQueries.fetched, branch ?? head, moment, bytes, repo.name.id) }
    }

    // MARK: removing and mending

    /// Refused while worktrees are made of it.
    func remove(_ name: RepoName) async throws {
        try await turns.run(name.id) {
            let repo = try await get(name)
            let count = try await worktreeCount(name)
            guard count == 0 else {
                throw Fault(
                    .conflict, "\(count) \(count == 1 ? "worktree is" : "worktrees are") made of \(name)",
                    hint: "remove them first; `GET /mgmt/worktrees` lists them")
            }
            try await store.write { try $0.run(RepoQueries.setRepoState, RepoState.removing, name.id) }
            let (places, away) = (places, "\(places.cache)/.removing-\(Hex.encode(Random.bytes(8)))")
            try await BlockingPool.shared.settle("removing \(name)") {
                try RepoPlaces.move(places.repo(repo.folder), to: away)
            }
            try await forget(repo)
            try await BlockingPool.shared.run("removing \(name)") { try RepoPlaces.remove(away) }
            log.info("removed", ["repo": LogValue(name.description)])
        }
    }

    /// Looks whether it is whole, and fetches again what is not. Gives what was damaged, in git's words.
    func mend(_ name: RepoName, login: GitLogin?) async throws -> [String] {
        let repo = try await get(name)
        let damage = try await GitRepository(git, places.repo(repo.folder)).check()
        guard !damage.isEmpty else { return [] }
        log.warning(
            "a repository of the cache is damaged, and is cloned again",
            ["repo": LogValue(name.description), "damage": LogValue(damage.prefix(3).joined(separator: "; "))])
        try await turns.run(name.id) {
            let part = "\(places.cache)/.cloning-\(Hex.encode(Random.bytes(8)))"
            let away = "\(places.cache)/.damaged-\(Hex.encode(Random.bytes(8)))"
            _ = try await GitRepository.clone(
                git, settings.address(of: name), to: part,
                .init(depth: repo.depth, filter: repo.filter.text, login: login))
            let target = places.repo(repo.folder)
            try await BlockingPool.shared.settle("mending \(name)") {
                try RepoPlaces.move(target, to: away)
                try RepoPlaces.move(part, to: target)
                try RepoPlaces.remove(away)
            }
            try await noteFetched(repo, nil)
        }
        return damage
    }

    func pin(_ name: RepoName, _ isPinned: Bool) async throws {
        _ = try await get(name)
        try await store.write { try $0.run(RepoQueries.pinRepo, isPinned, name.id) }
    }

    func noteUse(_ name: RepoName) async throws {
        let moment = now()
        try await store.write { try $0.run(RepoQueries.useRepo, moment, name.id) }
    }

    private func forget(_ repo: RepoRecord) async throws {
        try await store.write { try $0.run(RepoQueries.dropRepo, repo.name.id) }
    }
}
