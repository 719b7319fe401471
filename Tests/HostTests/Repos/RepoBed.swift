import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// The cache, the worktrees and what belongs to them, over real git, a real store and origins of this machine.
@Loop
final class RepoBed {
    let spaces: WorkspacesBed
    let house: RepoHouse
    let client: HTTPClient
    let scope: Scope
    let server: GitServer
    var directory: TemporaryDirectory { spaces.directory }
    var repos: Repos { house.repos }
    var worktrees: Worktrees { house.worktrees }
    var projects: String { "\(directory.path)/projects" }

    /// `overHTTP` asks the server for everything, with passwords; else origins are files.
    static func with(
        _ settings: [String: String] = [:], overHTTP: Bool = false, within limit: Duration = .seconds(90),
        _ body: @Loop (RepoBed) async throws -> Void
    ) async throws {
        let spaces = try await WorkspacesBed.open()
        let bed = try await RepoBed(spaces, settings, overHTTP: overHTTP)
        await Deadline.within(limit) {
            do { try await body(bed) } catch { Issue.record(error) }
            await Deadline.lifted { await bed.close() }
        }
    }

    private init(_ spaces: WorkspacesBed, _ more: [String: String], overHTTP: Bool) async throws {
        self.spaces = spaces
        scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        client = HTTPClient()
        let origins = "\(spaces.directory.path)/origins"
        mkdir(origins, 0o755)
        server = try GitServer(origins, scope: scope)
        house = try await RepoBed.open(spaces, server, client, scope, more, overHTTP: overHTTP)
    }

    private static func open(
        _ spaces: WorkspacesBed, _ server: GitServer, _ client: HTTPClient, _ scope: Scope, _ more: [String: String],
        overHTTP: Bool
    ) async throws -> RepoHouse {
        var values = [
            "STATE_DIR": spaces.directory.path, "OCWEB_PROJECTS_DIR": "\(spaces.directory.path)/projects",
            "GITHUB_SERVER_URL": overHTTP ? server.address : "file://\(server.root)",
            "PERIGEE_GIT_PROTOCOLS": overHTTP ? "http" : "file", "GITHUB_API_URL": server.api,
        ]
        for (name, value) in more { values[name] = value }
        let settings = try Settings(SettingSource(layers: [.init(origin: .commandLine, values: values)]))
        let clock = SystemClock()
        return try await RepoHouse.open(
            RepoHouse.Surroundings(
                settings: settings, store: spaces.store, workspaces: spaces.workspaces, client: client,
                log: Log(to: -1, format: .json, level: .error), trashed: { Trash($0, clock: clock) },
                program: Program.path), scope: scope)
    }

    /// The same state again, as after a restart.
    func again(_ settings: [String: String] = [:]) async throws -> RepoHouse {
        try await RepoBed.open(spaces, server, client, scope, settings, overHTTP: false)
    }

    private func close() async {
        await house.close()
        await server.close()
        await client.close()
        await scope.close()
        await spaces.close()
    }

    // MARK: short words

    /// An origin of that name.
    @discardableResult
    func origin(_ name: String, branch: String = "main", files: [String: String] = ["README.md": "hello\n"])
        async throws -> String
    {
        let path = "\(server.root)/\(name).git"
        mkdir(String(path[..<path.lastIndex(of: "/")!]), 0o755)
        try await RealGit.origin(at: path, branch: branch, files: files)
        return path
    }

    func worktree(
        _ id: String, on repo: String = "acme/app", of user: String = "ann", branch: String? = nil
    ) async throws -> WorktreeRecord {
        let name = try RepoName(repo)
        _ = try await repos.clone(name, login: nil)
        var order = WorktreeOrder(
            repo: name, id: try WorktreeID(id), workspace: try await spaces.workspace(user))
        order.base = try branch.map { try BranchName($0) }
        return try await worktrees.make(order, login: nil, author: GitAuthor(name: "Ann", email: "ann@x")).record
    }

    func push(
        _ tree: WorktreeRecord, to branch: String, login: GitLogin? = nil, rebasing: Bool = false
    ) async throws -> Pushed {
        var order = PushOrder(branch: try BranchName(branch), committer: RepoBed.author)
        order.login = login
        order.isRebased = rebasing
        return try await house.push(tree, order)
    }

    /// Writes a file of a worktree and commits it.
    func commit(_ text: String, _ name: String, in tree: WorktreeRecord) async throws {
        write(text, name, in: tree)
        _ = try await worktrees.desk(tree).commit("change \(name)", by: RepoBed.author)
    }

    func write(_ text: String, _ name: String, in tree: WorktreeRecord) {
        directory.write(text, to: "\(tree.path.dropFirst(directory.path.utf8.count + 1))/\(name)")
    }

    func read(_ path: String) -> String? {
        let descriptor = Glibc.open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    static let author = GitAuthor(name: "Ann", email: "ann@example.com")
}
