import Runtime

/// All SQL about jobs and their runs.
enum JobsQueries {
    /// What the store knows of a job between two lives of the process.
    struct Known: Sendable {
        let name: String
        let pace: String
        /// Seconds since the epoch: up to here its schedule has been dealt with.
        let settled: Int64
        let isPaused: Bool
    }

    static let known = Query("SELECT name, pace, last_dealt_with, paused FROM jobs ORDER BY name") { row in
        try Known(name: row.next(), pace: row.next(), settled: row.next(), isPaused: row.next())
    }
    static let settle: Query<Void> = """
        INSERT INTO jobs (name, pace, last_dealt_with, paused) VALUES (?, ?, ?, 0)
        ON CONFLICT (name) DO UPDATE SET pace = excluded.pace, last_dealt_with = excluded.last_dealt_with
        """
    static let pause: Query<Void> = "UPDATE jobs SET paused = ? WHERE name = ?"

    /// A process that ended in the middle of these told nobody how they went.
    static let interrupt: Query<Void> = """
        UPDATE job_runs SET outcome = 'interrupted', ended_at = ?, message = 'Perigee ended in the middle of it'
        WHERE ended_at IS NULL
        """
    static let open = Query(
        """
        INSERT INTO job_runs (id, job, reason, generation, started_at, message)
        SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, '' FROM job_runs RETURNING id
        """, Int64.self)
    static let close: Query<Void> = """
        UPDATE job_runs SET outcome = ?, message = ?, ended_at = ?, took_ms = ?, plan_id = ? WHERE id = ?
        """
    static let skip: Query<Void> = """
        INSERT INTO job_runs (id, job, reason, generation, started_at, ended_at, outcome, message)
        SELECT coalesce(max(id), 0) + 1, ?, 'due', ?, ?, ?, 'skipped', ? FROM job_runs
        """
    /// All but the newest of a job; one that runs stays whatever its place.
    static let trim: Query<Void> = """
        DELETE FROM job_runs WHERE job = ? AND ended_at IS NOT NULL AND id <= (
            SELECT coalesce(min(id), 0) - 1 FROM (
                SELECT id FROM job_runs WHERE job = ? ORDER BY id DESC LIMIT ?) AS newest)
        """

    static let lasts = Query(
        """
        SELECT id, job, reason, generation, started_at, ended_at, outcome, message, took_ms, plan_id FROM job_runs
        WHERE id IN (SELECT max(id) FROM job_runs WHERE outcome <> 'skipped' GROUP BY job)
        """, record)
    static let history = Query(
        """
        SELECT id, job, reason, generation, started_at, ended_at, outcome, message, took_ms, plan_id FROM job_runs
        WHERE job = ? ORDER BY id DESC LIMIT ?
        """, record)
    static let everything = Query(
        """
        SELECT id, job, reason, generation, started_at, ended_at, outcome, message, took_ms, plan_id FROM job_runs
        ORDER BY id DESC LIMIT ?
        """, record)

    /// Whether a run has ended, and whether it is the newest of its job.
    static let standing = Query(
        """
        SELECT CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END,
            CASE WHEN id = (SELECT max(id) FROM job_runs AS same WHERE same.job = job_runs.job) THEN 1 ELSE 0 END
        FROM job_runs WHERE id = ?
        """, Bool.self, Bool.self)
    static let forget: Query<Void> = "DELETE FROM job_runs WHERE id = ? AND ended_at IS NOT NULL"

    @Sendable
    private static func record(_ row: inout Row) throws -> JobRecord {
        try JobRecord(
            id: row.next(), job: row.next(), reason: row.next(), generation: row.next(), startedAt: row.next(),
            endedAt: row.next(), outcome: row.next(), message: row.next(), tookMilliseconds: row.next(),
            plan: row.next())
    }
}
