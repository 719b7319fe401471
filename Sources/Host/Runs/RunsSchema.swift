import Runtime

/// The tables of runs, as a step of `Schema`.
enum RunsSchema {
    /// Six rows of their own cost a turn more than all the rest of its acceptance.
    static let decisionsInside: StaticString = """
        -- What hooks decided before the run was accepted, as JSON. Those of runs from before this column are the first
        -- rows of run_decisions, as many as `decided` says.
        ALTER TABLE runs ADD COLUMN decisions TEXT;
        """

    static let tables: StaticString = """
        CREATE TABLE runs (
            id TEXT NOT NULL PRIMARY KEY,
            door TEXT NOT NULL,
            engine TEXT NOT NULL,
            user_key TEXT NOT NULL,
            workspace TEXT NOT NULL,
            persona TEXT,
            chat TEXT,
            lane TEXT,
            model TEXT,
            title TEXT,
            prompt TEXT NOT NULL,
            attended INTEGER NOT NULL,
            decided BIGINT NOT NULL,
            state TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            started_at BIGINT,
            ended_at BIGINT,
            attempts BIGINT NOT NULL,
            runner TEXT,
            session TEXT,
            message TEXT,
            usage TEXT NOT NULL,
            failure TEXT,
            waiting_for TEXT,
            -- 1 while events may have been shown that a kill would keep from the disk.
            unsure INTEGER NOT NULL,
            meta TEXT NOT NULL,
            input TEXT NOT NULL
        );
        CREATE INDEX runs_of_user ON runs (user_key, id);
        CREATE INDEX runs_of_chat ON runs (chat, id);
        CREATE INDEX runs_by_end ON runs (ended_at, id);
        CREATE TABLE run_events (
            run TEXT NOT NULL REFERENCES runs (id),
            first BIGINT NOT NULL,
            last BIGINT NOT NULL,
            at BIGINT NOT NULL,
            kind TEXT NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (run, first)
        );
        CREATE TABLE run_asks (
            run TEXT NOT NULL REFERENCES runs (id),
            id TEXT NOT NULL,
            asked_at BIGINT NOT NULL,
            ask TEXT NOT NULL,
            answered_at BIGINT,
            answer TEXT,
            PRIMARY KEY (run, id)
        );
        CREATE TABLE run_decisions (
            run TEXT NOT NULL REFERENCES runs (id),
            position BIGINT NOT NULL,
            at BIGINT NOT NULL,
            hook TEXT NOT NULL,
            generation BIGINT NOT NULL,
            scripts TEXT NOT NULL,
            value TEXT,
            PRIMARY KEY (run, position)
        );
        -- For scripts: every run, when it was and how it ended. Times are milliseconds since the epoch.
        CREATE VIEW run_history AS
            SELECT id, user_key, workspace, door, engine, persona, chat, model, title, state, created_at, started_at,
                ended_at, attempts, waiting_for
            FROM runs;
        """
}
