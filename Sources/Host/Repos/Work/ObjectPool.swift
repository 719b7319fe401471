import Glibc
import Runtime

/// The objects of a repository that all worktrees of one user have together: in the user's workspace, where their agent
/// sees them, written as packs of their own. Users share no file, so that nobody's agent can spoil another's.
@Loop
struct ObjectPool {
    let git: Git
    let cache: String
    let repo: RepoRecord
    let places: RepoPlaces
    /// The directory that has `.perigee/`.
    let base: String

    var path: String { places.pool(repo, below: base) }
    /// What it was last filled with. Perigee's own file: the pool may say anything.
    private var tipsFile: String {
        "\(places.gitHome)/pool-\(Hex.encode(SHA256.hash("\(base)\0\(repo.name.id)").prefix(8)))"
    }

    /// Brings it to what the cache has now. Once per pool at a time.
    func fill() async throws {
        let cache = GitRepository(git, cache)
        let tips = Array(Set(try await cache.refs("refs/").map(\.commit)))
        guard !tips.isEmpty else {
            throw Fault(.conflict, "the repository \(repo.name) has no commits yet", hint: "push a first one to it")
        }
        let (file, places, base, folder) = (tipsFile, places, base, repo.folder)
        let isPartial = repo.filter != .none
        let known = try await BlockingPool.shared.run("the pool of \(repo.name)") { () -> [String] in
            guard access(file, F_OK) == 0, try ObjectPool.isThere(base, folder) else { return [] }
            return String(decoding: try FileBytes.read(file), as: UTF8.self).split(separator: "\n").map(String.init)
        }
        let missing = Set(tips).subtracting(known)
        if !missing.isEmpty {
            let parcel = "\(places.parcels)\(Hex.encode(Random.bytes(6)))"
            try await BlockingPool.shared.run("the pool of \(repo.name)") {
                guard mkdir(parcel, 0o700) == 0 else { throw Fault.system("make", parcel, errno: errno) }
            }
            defer { BlockingPool.shared.later { [parcel] in ObjectPool.drop(parcel) } }
            // Those that the cache does not have any more say nothing.
            let except = try await cache.existing(known)
            try await cache.pack(
                Array(missing), except: except, into: parcel, isPartial: repo.filter != .none)
            try await BlockingPool.shared.run("the pool of \(repo.name)") {
                try ObjectPool.deliver(parcel, to: base, folder, isPartial: isPartial)
            }
        }
        try await BlockingPool.shared.run("the pool of \(repo.name)") {
            try AtomicFile.write(Array(tips.sorted().joined(separator: "\n").utf8), to: file, mode: 0o600)
        }
    }

    /// The objects of a commit whose files a partial clone got only now.
    func add(_ objects: [String], of commit: String) async throws {
        guard !objects.isEmpty else { return }
        let (places, base, folder) = (places, base, repo.folder)
        let parcel = "\(places.parcels)\(Hex.encode(Random.bytes(6)))"
        try await BlockingPool.shared.run("the pool of \(repo.name)") {
            guard mkdir(parcel, 0o700) == 0 else { throw Fault.system("make", parcel, errno: errno) }
        }
        defer { BlockingPool.shared.later { [parcel] in ObjectPool.drop(parcel) } }
        // The same objects make a pack of the same name, which is written once.
        try await GitRepository(git, cache).pack(objects: objects, into: parcel)
        try await BlockingPool.shared.run("the pool of \(repo.name)") {
            try ObjectPool.deliver(parcel, to: base, folder, isPartial: true)
        }
    }

    /// Forgets what it was filled with, so that the next filling is a whole one.
    func forget() async throws {
        let file = tipsFile
        try await BlockingPool.shared.run("the pool of \(repo.name)") { try RepoPlaces.remove(file) }
    }

    private nonisolated static func drop(_ path: String) {
        // A remainder goes with the next start.
        try? RepoPlaces.remove(path)
    }

    private nonisolated static func isThere(_ base: String, _ folder: String) throws -> Bool {
        let root = try GuardedFolder.root(base)
        guard let own = try root.folder(RepoPlaces.pools), let objects = try own.folder("objects"),
            let pool = try objects.folder(folder), let packs = try pool.folder("pack")
        else { return false }
        return try packs.names(atMost: 1).count > 0
    }

    private nonisolated static func deliver(
        _ parcel: String, to base: String, _ folder: String, isPartial: Bool
    ) throws {
        let root = try GuardedFolder.root(base)
        guard let own = try root.folder(RepoPlaces.pools, creating: true),
            let objects = try own.folder("objects", creating: true),
            let pool = try objects.folder(folder, creating: true), let packs = try pool.folder("pack", creating: true)
        else { throw Fault(.internal, "\(base) has no place for objects") }
        // The index of a pack comes last: from then on the pack counts.
        for ending in [".pack", ".idx"] {
            for name in try RepoPlaces.names(parcel) where name.hasSuffix(ending) {
                guard try !packs.has(name) else { continue }
                // Git asks the other side for what is missing only where it was promised.
                if isPartial, ending == ".pack" { try packs.write([], to: "\(name.dropLast(5)).promisor") }
                try packs.give("\(parcel)/\(name)", as: name)
            }
        }
    }
}
