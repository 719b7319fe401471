import Glibc
import Runtime

/// The worktrees of users: made, found, mended and removed. In each one agent works; what git does for people is done at
/// its desk.
@Loop
final class Worktrees {
    let repos: Repos
    let store: Store
    let log: Log
    /// Where removed ones lie until their grace is over.
    let trash: Trash
    /// Whether a run is at work in this directory.
    var isAtWork: @Loop (_ path: String) -> Bool = { _ in false }
    /// Everything that makes or removes one, one after the other.
    let turns = Turns("the worktree")
    private let deskTurns = Turns("the desk")
    private let filling: SingleFlight<Void>
    private var leases: [String: Int] = [:]
    private var standings: [String: (usedAt: Int64, standing: WorktreeStanding)] = [:]

    /// What was begun or used so lately is never removed by a plan.
    nonisolated static let grace: Int64 = 600_000

    init(_ repos: Repos, trash: Trash, scope: Scope) {
        self.repos = repos
        self.trash = trash
        store = repos.store
        log = repos.log
        filling = SingleFlight("filling the pool of", scope: scope)
    }

    private var places: RepoPlaces { repos.places }

    // MARK: asking

    func find(_ id: WorktreeID) async throws -> WorktreeRecord? {
        try await store.read { try $0.first(RepoQueries.worktree, id.text) }
    }

    /// With a user, only one of theirs.
    func get(_ id: WorktreeID, of user: String? = nil) async throws -> WorktreeRecord {
        var record = try await find(id)
        if record == nil { record = try await named(id.text, of: user) }
        guard let record, record.state != .removing, user == nil || record.user == user else {
            throw Fault(.notFound, "there is no worktree \(id)", hint: "`GET /mgmt/worktrees` lists them")
        }
        return record
    }

    /// By its directory's name, `owner__name__id`, as older clients call it; nil where two users have one of that name.
    private func named(_ folder: String, of user: String?) async throws -> WorktreeRecord? {
        let found = try await store.read { try $0.all(RepoQueries.worktreesNamed, folder) }.filter {
            user == nil || $0.user == user
        }
        return found.count == 1 ? found[0] : nil
    }

    /// By id, those behind `after`; with a user, only theirs.
    func list(of user: String? = nil, after: String = "", limit: Int) async throws -> [WorktreeRecord] {
        try await store.read { snapshot in
            if let user { return try snapshot.all(RepoQueries.worktreesOf, user, after, limit) }
            return try snapshot.all(RepoQueries.worktrees, after, limit)
        }
    }

    /// All of them, however many: read in pages.
    func all(of user: String? = nil) async throws -> [WorktreeRecord] {
        var found: [WorktreeRecord] = []
        while true {
            let page = try await list(of: user, after: found.last?.id.text ?? "", limit: Worktrees.pageSize)
            found += page
            guard page.count == Worktrees.pageSize else { return found }
        }
    }
    static let pageSize = 500

    func desk(_ record: WorktreeRecord) async throws -> Desk {
        let repo = try await repos.get(record.repo)
        return Desk(
            git: repos.git, path: places.desk(record.id), cache: places.repo(repo.folder),
            agent: AgentRepository(base: places.base(of: record), folder: record.folder), turns: deskTurns)
    }

    /// As it is now; and as it was when it was last used, for lists of many.
    func standing(_ record: WorktreeRecord, again: Bool = true) async throws -> WorktreeStanding {
        if !again, let known = standings[record.id.text], known.usedAt == record.usedAt { return known.standing }
        let standing = try await desk(record).standing()
        standings[record.id.text] = (record.usedAt, standing)
        return standing
    }

    // MARK: use

    /// Keeps it from being removed until the lease is given back.
    func lease(_ record: WorktreeRecord) -> WorktreeLease {
        leases[record.path, default: 0] += 1
        return WorktreeLease { [weak self] in
            guard let self, let count = leases[record.path] else { return }
            leases[record.path] = count > 1 ? count - 1 : nil
        }
    }

    func isBusy(_ record: WorktreeRecord) -> Bool { leases[record.path] != nil || isAtWork(record.path) }

    /// The same for whoever holds a lease of it.
    func isUsedByOthers(_ record: WorktreeRecord) -> Bool { leases[record.path] ?? 0 > 1 || isAtWork(record.path) }

    func noteUse(_ record: WorktreeRecord, run: String? = nil) async throws {
        let moment = repos.now()
        try await store.write { try $0.run(RepoQueries.useWorktree, moment, run, record.id.text) }
        standings[record.id.text] = nil
    }

    func pin(_ record: WorktreeRecord, _ isPinned: Bool) async throws {
        try await store.write { try $0.run(RepoQueries.pinWorktree, isPinned, record.id.text) }
    }

    func notePullRequest(_ url: String, of record: WorktreeRecord) async throws {
        try await store.write { try $0.run(RepoQueries.setPullRequest, url, record.id.text) }
    }

    // MARK: making

    /// The worktree of that id: a new one from what the other side has now, the one that is there, or a lost one anew.
    func make(
        _ order: WorktreeOrder, login: GitLogin?, author: GitAuthor, isFresh: Bool = false
    ) async throws -> (record: WorktreeRecord, isNew: Bool) {
        try await turns.run(order.id.text) {
            let known = try await find(order.id)
            if let known { try check(known, order) }
            if let known, known.state == .ready, try await isThere(known) {
                try await noteUse(known, run: order.run)
                return (known, false)
            }
            let repo = isFresh ? try await repos.get(order.repo) : try await repos.fetch(order.repo, login: login)
            let record = try await enter(order, repo, known)
            do {
                try await put(record, repo, author, login, isLost: known?.state == .ready)
            } catch {
                if known == nil { await Deadline.lifted { await undo(record) } }
                throw error
            }
            try await store.write { try $0.run(RepoQueries.setWorktreeState, WorktreeState.ready, record.id.text) }
            try await repos.noteUse(order.repo)
            log.info(
                known == nil ? "made a worktree" : "made a lost worktree again",
                ["worktree": LogValue(record.id.text), "repo": LogValue(record.repo.description)])
            return (try await get(order.id), known == nil)
        }
    }

    private func check(_ known: WorktreeRecord, _ order: WorktreeOrder) throws {
        guard known.repo.id == order.repo.id, known.user == order.workspace?.user ?? "" else {
            throw Fault(
                .conflict, "the id \(order.id) is that of another worktree", hint: "choose another id for this one")
        }
    }

    private func isThere(_ record: WorktreeRecord) async throws -> Bool {
        let agent = AgentRepository(base: places.base(of: record), folder: record.folder)
        return try await BlockingPool.shared.run("the worktree \(record.id)") {
            do {
                _ = try agent.repository()
                return true
            } catch let fault as Fault where fault.kind == .notFound {
                return false
            }
        }
    }

    private func enter(
        _ order: WorktreeOrder, _ repo: RepoRecord, _ known: WorktreeRecord?
    ) async throws -> WorktreeRecord {
        if let known { return known }
        guard let branch = order.base?.text ?? repo.defaultBranch else {
            throw Fault(.conflict, "the repository \(repo.name) has no branch yet", hint: "push a first commit to it")
        }
        let cache = GitRepository(repos.git, places.repo(repo.folder))
        guard let base = try await cache.resolve("refs/heads/\(branch)") else {
            if try await cache.branches().isEmpty {
                throw Fault(
                    .conflict, "the repository \(repo.name) has no commit yet", hint: "push a first one to it")
            }
            throw Fault(.notFound, "the repository \(repo.name) has no branch \"\(branch)\"")
        }
        let folder = order.folder
        let path = places.path(folder, below: places.base(order.workspace))
        let moment = repos.now()
        return try await store.write { store in
            try store.run(
                RepoQueries.addWorktree, order.id.text, order.repo.id, order.workspace?.user ?? "",
                order.workspace?.id ?? "", folder, path, order.id.branch, base, branch, order.chat, order.run, moment,
                moment)
            guard let record = try store.first(RepoQueries.worktree, order.id.text) else {
                throw Fault(.conflict, "the directory \(path) is that of another worktree", hint: "choose another id")
            }
            return record
        }
    }

    private func put(
        _ record: WorktreeRecord, _ repo: RepoRecord, _ author: GitAuthor, _ login: GitLogin?, isLost: Bool
    ) async throws {
        let desk = try await desk(record)
        try await desk.open(base: record.base)
        let base = places.base(of: record)
        let pool = ObjectPool(
            git: repos.git, cache: places.repo(repo.folder), repo: repo, places: places, base: base)
        let objects = try await repos.complete(repo, record.base, login: login)
        try await filling.run("\(repo.name) in \(base)") { try await pool.fill() }
        try await pool.add(objects, of: record.base)
        var making = WorktreeMaking(
            git: repos.git, places: places, repo: repo, address: repos.address(of: repo.name), record: record,
            author: author)
        guard isLost, let head = try await desk.repository.resolve(Desk.head) else {
            return try await making.make(at: record.base)
        }
        // Whatever of it was last seen comes back.
        let parcel = "\(places.parcels)\(Hex.encode(Random.bytes(6)))"
        let mine = try await desk.repository.refs("refs/agent/")
        let known = try await GitRepository(repos.git, places.repo(repo.folder)).refs("refs/").map(\.commit)
        try await BlockingPool.shared.run("packs of \(record.id)") {
            guard mkdir(parcel, 0o700) == 0 else { throw Fault.system("make", parcel, errno: errno) }
        }
        try await desk.repository.pack([head] + mine.map(\.commit), except: known, into: parcel)
        making.packs = try await BlockingPool.shared.run("packs of \(record.id)") {
            try RepoPlaces.names(parcel).filter { $0.hasSuffix(".pack") || $0.hasSuffix(".idx") }.map {
                "\(parcel)/\($0)"
            }
        }
        making.restored = mine.map { ("refs/\($0.name.dropFirst(11))", $0.commit) }
        try await making.make(at: head)
        try await BlockingPool.shared.run("packs of \(record.id)") { try RepoPlaces.remove(parcel) }
    }

    private func undo(_ record: WorktreeRecord) async {
        do {
            let desk = places.desk(record.id)
            try await BlockingPool.shared.settle("the desk of \(record.id)") { try RepoPlaces.remove(desk) }
            try await drop(record)
        } catch {
            log.warning("half a worktree is left until the next start: \(Fault(error).message)")
        }
    }

    func drop(_ record: WorktreeRecord) async throws {
        standings[record.id.text] = nil
        try await store.write { try $0.run(RepoQueries.dropWorktree, record.id.text) }
    }
}

/// Holds a worktree in use.
@Loop
final class WorktreeLease {
    private var onEnd: (() -> Void)?
    init(_ onEnd: @escaping () -> Void) { self.onEnd = onEnd }

    func release() {
        onEnd?()
        onEnd = nil
    }
}
