import Runtime

/// Everything about repositories, opened together: git and who answers it, the cache, the worktrees, GitHub, and what is
/// under way.
@Loop
final class RepoHouse {
    let git: Git
    let repos: Repos
    let worktrees: Worktrees
    let github: GitHub
    let operations: Operations
    let settings: RepoSettings
    private let desk: CredentialDesk
    private let workspaces: Workspaces
    private let scope: Scope

    /// The word by which this program is git's helper.
    nonisolated static let helperCommand = "git-credential"

    struct Surroundings {
        let settings: Settings
        let store: Store
        let workspaces: Workspaces
        let client: HTTPClient
        let log: Log
        let trashed: @Loop ([FileRoot]) -> Trash
        /// The program that git is told of; this one, but in tests.
        var program = "/proc/self/exe"
    }

    static func open(_ around: Surroundings, scope outer: Scope) async throws -> RepoHouse {
        let (settings, log) = (around.settings, around.log.part("repos"))
        let scope = outer.child("repos")
        let (root, workspaceRoot) = (settings.projectsDirectory, around.workspaces.places.root)
        let places = try await BlockingPool.shared.run("opening \(root)") {
            try RepoPlaces.open(root: root, workspaces: workspaceRoot)
        }
        let program = around.program
        let helper = try await BlockingPool.shared.run("this program") { try Subprocess.place(of: program) }
        let desk = try CredentialDesk(
            socket: "\(places.gitHome)/s", helper: [helper, helperCommand], scope: scope)
        let git = try await Git.open(settings.git(home: places.gitHome), credentials: desk)
        let repoSettings = settings.repos
        let repos = Repos(git, places, repoSettings, around.store, log: log, now: Access.now, scope: scope)
        let worktrees = Worktrees(repos, trash: around.trashed(places.roots), scope: scope)
        try await repos.start()
        try await worktrees.start()
        let operations = Operations(scope: scope, store: around.store, now: Access.now)
        try await operations.start()
        return RepoHouse(
            git, repos, worktrees,
            GitHub(around.client, api: settings[SettingTable.githubAPI], now: Access.now),
            operations, repoSettings, desk, around.workspaces, scope)
    }

    private init(
        _ git: Git, _ repos: Repos, _ worktrees: Worktrees, _ github: GitHub, _ operations: Operations,
        _ settings: RepoSettings, _ desk: CredentialDesk, _ workspaces: Workspaces, _ scope: Scope
    ) {
        self.git = git
        self.repos = repos
        self.worktrees = worktrees
        self.github = github
        self.operations = operations
        self.settings = settings
        self.desk = desk
        self.workspaces = workspaces
        self.scope = scope
    }

    /// A user's own token first; the owner's for managers, or where it is everybody's.
    func token(of workspace: Workspace?, isManager: Bool) async throws -> Secret? {
        if let workspace, let own = try await workspaces.integrationKeys(of: workspace.id)["GITHUB_TOKEN"] {
            return own
        }
        return isManager || settings.sharesToken ? settings.token : nil
    }

    func login(for name: RepoName, _ workspace: Workspace?, isManager: Bool) async throws -> GitLogin? {
        guard let token = try await token(of: workspace, isManager: isManager) else { return nil }
        let user = token == settings.token ? settings.user : "x-access-token"
        return settings.login(for: name, user: user, token: token)
    }

    func close() async {
        await operations.close()
        await scope.close()
        await desk.close()
    }
}
