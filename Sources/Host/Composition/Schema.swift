import Runtime

/// The tables of the product, as numbered steps. A step that has been released is never edited: add another.
enum Schema {
    /// What scripts may ask with `host.store.query`.
    static let scriptViews: Set<String> = [
        "job_history", "plan_history", "run_history", "chat_turns", "usage_by_day",
    ]

    static let migrations: [Migration] = [
        Migration(
            1, "note when this store was made",
            """
            CREATE TABLE about (
                name TEXT NOT NULL PRIMARY KEY,
                value TEXT NOT NULL
            );
            INSERT INTO about (name, value) VALUES ('product', 'perigee');
            """),
        Migration(2, "values that scripts keep", StoredValues.schema),
        Migration(
            3, "jobs, their runs and plans",
            """
            CREATE TABLE jobs (
                name TEXT NOT NULL PRIMARY KEY,
                pace TEXT NOT NULL,
                last_dealt_with BIGINT NOT NULL,
                paused INTEGER NOT NULL
            );
            CREATE TABLE job_runs (
                id BIGINT NOT NULL PRIMARY KEY,
                job TEXT NOT NULL,
                reason TEXT NOT NULL,
                generation BIGINT NOT NULL,
                started_at BIGINT NOT NULL,
                ended_at BIGINT,
                outcome TEXT,
                message TEXT NOT NULL,
                took_ms BIGINT,
                plan_id BIGINT
            );
            CREATE INDEX job_runs_of_job ON job_runs (job, id);
            CREATE TABLE plans (
                id BIGINT NOT NULL PRIMARY KEY,
                job TEXT NOT NULL,
                generation BIGINT NOT NULL,
                made_at BIGINT NOT NULL,
                state TEXT NOT NULL,
                applied_at BIGINT,
                removes BIGINT NOT NULL,
                keeps BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                removed BIGINT NOT NULL DEFAULT 0,
                skipped BIGINT NOT NULL DEFAULT 0,
                failed BIGINT NOT NULL DEFAULT 0,
                freed BIGINT NOT NULL DEFAULT 0
            );
            CREATE INDEX plans_of_job ON plans (job, id);
            CREATE TABLE plan_items (
                plan BIGINT NOT NULL REFERENCES plans (id),
                position BIGINT NOT NULL,
                action TEXT NOT NULL,
                kind TEXT NOT NULL,
                id TEXT NOT NULL,
                label TEXT NOT NULL,
                reason TEXT NOT NULL,
                bytes BIGINT,
                stamp TEXT,
                outcome TEXT,
                message TEXT NOT NULL,
                freed BIGINT,
                PRIMARY KEY (plan, position)
            );
            -- For scripts: every run, when it was and how it ended. Times are milliseconds since the epoch.
            CREATE VIEW job_history AS
                SELECT id, job, reason, generation, started_at, ended_at, coalesce(outcome, 'running') AS outcome,
                    message, took_ms, plan_id AS plan
                FROM job_runs;
            -- For scripts: what gc jobs would remove, or have removed, in figures.
            CREATE VIEW plan_history AS
                SELECT id, job, generation, made_at, state, applied_at, removes, keeps, bytes, removed, skipped, failed,
                    freed
                FROM plans WHERE state <> 'building';
            """),
        Migration(4, "runs, their events, asks and decisions", RunsSchema.tables),
        Migration(
            5, "API keys",
            """
            CREATE TABLE api_keys (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                owner TEXT NOT NULL,
                scopes TEXT NOT NULL,
                -- SHA-256 in hexadecimal; the key itself is nowhere.
                token_digest TEXT NOT NULL UNIQUE,
                created_at BIGINT NOT NULL,
                expires_at BIGINT,
                revoked_at BIGINT,
                last_used_at BIGINT,
                setup INTEGER NOT NULL
            );
            """),
        Migration(
            6, "workspaces, their keys, and what older installations left in them",
            """
            CREATE TABLE workspaces (
                id TEXT NOT NULL PRIMARY KEY,
                owner TEXT NOT NULL,
                folder TEXT NOT NULL UNIQUE,
                created_at BIGINT NOT NULL,
                last_used_at BIGINT NOT NULL,
                imported_at BIGINT,
                -- What was last wanted of its opencode.json, as JSON.
                config TEXT
            );
            CREATE TABLE workspace_keys (
                workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
                provider TEXT NOT NULL,
                -- Sealed, in base64.
                sealed TEXT NOT NULL,
                changed_at BIGINT NOT NULL,
                PRIMARY KEY (workspace, provider)
            );
            CREATE TABLE workspace_imports (
                workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                content TEXT NOT NULL,
                PRIMARY KEY (workspace, kind, name)
            );
            -- Directories of workspaces that have been looked through for those of older installations.
            CREATE TABLE workspace_roots (
                path TEXT NOT NULL PRIMARY KEY,
                seen_at BIGINT NOT NULL
            );
            """),
        Migration(7, "turns of chats", ChatsQueries.schema),
        Migration(8, "agents of workspaces", AgentQueries.schema),
        Migration(
            9, "pinned runs, what is known of agents, and usage",
            """
            -- Runs that somebody wants to keep.
            CREATE TABLE run_pins (
                run TEXT NOT NULL PRIMARY KEY REFERENCES runs (id),
                at BIGINT NOT NULL
            );
            ALTER TABLE workspace_agents ADD COLUMN model_id TEXT NOT NULL DEFAULT '';
            ALTER TABLE workspace_agents ADD COLUMN system TEXT NOT NULL DEFAULT '';
            ALTER TABLE workspace_agents ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
            ALTER TABLE workspace_agents ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
            -- Agents of before count as used when their workspace was.
            UPDATE workspace_agents SET used_at =
                coalesce((SELECT last_used_at FROM workspaces WHERE workspaces.id = workspace_agents.workspace), 0);
            -- The API key that a run came with; its id, never its text.
            ALTER TABLE runs ADD COLUMN key_id TEXT;
            CREATE TABLE usage (
                day BIGINT NOT NULL,
                user_key TEXT NOT NULL,
                key_id TEXT NOT NULL,
                persona TEXT NOT NULL,
                model TEXT NOT NULL,
                runs BIGINT NOT NULL,
                failed BIGINT NOT NULL,
                input BIGINT NOT NULL,
                output BIGINT NOT NULL,
                reasoning BIGINT NOT NULL,
                cached BIGINT NOT NULL,
                cost DOUBLE PRECISION NOT NULL,
                priced BIGINT NOT NULL,
                PRIMARY KEY (day, user_key, key_id, persona, model)
            );
            CREATE INDEX usage_of_user ON usage (user_key, day);
            -- For scripts: what was used, by day (UTC, the millisecond of its beginning), user, key, persona and model.
            CREATE VIEW usage_by_day AS
                SELECT day, user_key AS user, key_id AS key, persona, model, runs, failed, input, output, reasoning,
                    cached, cost, priced
                FROM usage;
            """),
        Migration(10, "runners of our own", RunnersQueries.schema),
        Migration(11, "what was put before the messages of turns, and where they went on", ChatsQueries.more),
        Migration(12, "turns are found by what was said only where their client has no chats", ChatsQueries.pathsAlone),
        Migration(13, "executions of tasks, and sessions", TaskQueries.schema),
        Migration(14, "sizes of what is on the disk, and since when items of plans are of no use", DiskQueries.schema),
        Migration(15, "users who were here, and who were removed", UsersQueries.schema),
        Migration(16, "repositories and worktrees", RepoQueries.schema),
        Migration(17, "operations that clients were told to ask for", OperationQueries.schema),
        Migration(18, "what clones leave out", RepoQueries.filters),
        Migration(19, "what was decided before runs were accepted", RunsSchema.decisionsInside),
    ]
}
