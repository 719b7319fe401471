import Runtime

/// All SQL about repositories and worktrees.
enum RepoQueries {
    static let schema: StaticString = """
        CREATE TABLE repos (
            -- owner/name in small letters.
            id TEXT NOT NULL PRIMARY KEY,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            folder TEXT NOT NULL UNIQUE,
            -- `cloning`, `ready` or `removing`.
            state TEXT NOT NULL,
            default_branch TEXT,
            depth BIGINT,
            bytes BIGINT NOT NULL DEFAULT 0,
            created_at BIGINT NOT NULL,
            fetched_at BIGINT,
            used_at BIGINT NOT NULL,
            pinned INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE worktrees (
            id TEXT NOT NULL PRIMARY KEY,
            repo TEXT NOT NULL REFERENCES repos (id),
            -- Empty for one that no user owns.
            user_key TEXT NOT NULL,
            workspace TEXT NOT NULL,
            folder TEXT NOT NULL,
            path TEXT NOT NULL UNIQUE,
            branch TEXT NOT NULL,
            base TEXT NOT NULL,
            base_branch TEXT NOT NULL,
            chat TEXT,
            run TEXT,
            -- `making`, `ready` or `removing`.
            state TEXT NOT NULL,
            pull_request TEXT,
            created_at BIGINT NOT NULL,
            used_at BIGINT NOT NULL,
            pinned INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX worktrees_of_repo ON worktrees (repo);
        CREATE INDEX worktrees_of_user ON worktrees (user_key, id);
        """

    /// `none` or `blobs`.
    static let filters: StaticString = "ALTER TABLE repos ADD COLUMN filter TEXT NOT NULL DEFAULT 'none'"

    // MARK: repositories

    static let addRepo: Query<Void> = """
        INSERT INTO repos (id, owner, name, folder, state, depth, filter, created_at, used_at)
        VALUES (?, ?, ?, ?, 'cloning', ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """
    static let repo = Query(
        """
        SELECT owner, name, folder, state, default_branch, depth, filter, bytes, created_at, fetched_at, used_at, pinned
        FROM repos WHERE id = ?
        """, repoRecord)
    static let repoByFolder = Query(
        """
        SELECT owner, name, folder, state, default_branch, depth, filter, bytes, created_at, fetched_at, used_at, pinned
        FROM repos WHERE folder = ?
        """, repoRecord)
    static let repos = Query(
        """
        SELECT owner, name, folder, state, default_branch, depth, filter, bytes, created_at, fetched_at, used_at, pinned
        FROM repos ORDER BY id
        """, repoRecord)
    static let setRepoState: Query<Void> = "UPDATE repos SET state = ? WHERE id = ?"
    static let fetched: Query<Void> = """
        UPDATE repos SET state = 'ready', default_branch = ?, fetched_at = ?, bytes = ? WHERE id = ?
        """
    static let useRepo: Query<Void> = "UPDATE repos SET used_at = ? WHERE id = ?"
    static let pinRepo: Query<Void> = "UPDATE repos SET pinned = ? WHERE id = ?"
    static let dropRepo: Query<Void> = "DELETE FROM repos WHERE id = ?"
    static let worktreeCount = Query("SELECT count(*) FROM worktrees WHERE repo = ?", Int.self)

    // MARK: worktrees

    static let addWorktree: Query<Void> = """
        INSERT INTO worktrees (id, repo, user_key, workspace, folder, path, branch, base, base_branch, chat, run, state,
            created_at, used_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'making', ?, ?) ON CONFLICT DO NOTHING
        """
    static let worktree = Query(
        """
        SELECT id, repo, user_key, workspace, folder, path, branch, base, base_branch, chat, run, state, pull_request,
            created_at, used_at, pinned
        FROM worktrees WHERE id = ?
        """, worktreeRecord)
    static let worktrees = Query(
        """
        SELECT id, repo, user_key, workspace, folder, path, branch, base, base_branch, chat, run, state, pull_request,
            created_at, used_at, pinned
        FROM worktrees WHERE id > ? ORDER BY id LIMIT ?
        """, worktreeRecord)
    static let worktreesOf = Query(
        """
        SELECT id, repo, user_key, workspace, folder, path, branch, base, base_branch, chat, run, state, pull_request,
            created_at, used_at, pinned
        FROM worktrees WHERE user_key = ? AND id > ? ORDER BY id LIMIT ?
        """, worktreeRecord)
    /// Those whose paths lie between two texts: `a/` and `a0` are all that is in `a`.
    static let worktreesBetween = Query(
        """
        SELECT id, repo, user_key, workspace, folder, path, branch, base, base_branch, chat, run, state, pull_request,
            created_at, used_at, pinned
        FROM worktrees WHERE path > ? AND path < ? ORDER BY path
        """, worktreeRecord)
    static let worktreesNamed = Query(
        """
        SELECT id, repo, user_key, workspace, folder, path, branch, base, base_branch, chat, run, state, pull_request,
            created_at, used_at, pinned
        FROM worktrees WHERE folder = ? LIMIT 3
        """, worktreeRecord)
    static let setWorktreeState: Query<Void> = "UPDATE worktrees SET state = ? WHERE id = ?"
    static let useWorktree: Query<Void> = "UPDATE worktrees SET used_at = ?, run = coalesce(?, run) WHERE id = ?"
    static let pinWorktree: Query<Void> = "UPDATE worktrees SET pinned = ? WHERE id = ?"
    static let setPullRequest: Query<Void> = "UPDATE worktrees SET pull_request = ? WHERE id = ?"
    static let setBase: Query<Void> = "UPDATE worktrees SET base = ? WHERE id = ?"
    static let dropWorktree: Query<Void> = "DELETE FROM worktrees WHERE id = ?"
    static let sharersOfPool = Query(
        "SELECT count(*) FROM worktrees WHERE workspace = ? AND repo = ?", Int.self)

    @Sendable
    private static func repoRecord(_ row: inout Row) throws -> RepoRecord {
        try RepoRecord(
            name: RepoName(owner: row.next(), name: row.next()), folder: row.next(), state: row.next(),
            defaultBranch: row.next(), depth: row.next(), filter: row.next(), bytes: row.next(), createdAt: row.next(),
            fetchedAt: row.next(), usedAt: row.next(), isPinned: row.next())
    }

    @Sendable
    private static func worktreeRecord(_ row: inout Row) throws -> WorktreeRecord {
        try WorktreeRecord(
            id: WorktreeID(row.next()), repo: RepoName(row.next()), user: row.next(), workspace: row.next(),
            folder: row.next(), path: row.next(), branch: row.next(), base: row.next(), baseBranch: row.next(),
            chat: row.next(), run: row.next(), state: row.next(), pullRequest: row.next(), createdAt: row.next(),
            usedAt: row.next(), isPinned: row.next())
    }
}
