import Runtime

/// All SQL about sizes.
enum DiskQueries {
    static let schema: StaticString = """
        CREATE TABLE disk_sizes (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            bytes BIGINT NOT NULL,
            files BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            measured_at BIGINT NOT NULL,
            stamp BIGINT NOT NULL,
            PRIMARY KEY (kind, id)
        );
        ALTER TABLE plan_items ADD COLUMN since BIGINT;
        """

    struct Row: Sendable {
        let kind: String
        let id: String
        let size: DiskSize
    }

    static let all = Query(
        "SELECT kind, id, bytes, files, changed_at, measured_at, stamp FROM disk_sizes ORDER BY kind, id"
    ) { row in
        let (kind, id): (String, String) = try (row.next(), row.next())
        let usage = try DirectoryUsage(bytes: row.next(), files: row.next(), changedAt: row.next())
        return try Row(kind: kind, id: id, size: DiskSize(usage: usage, measuredAt: row.next(), stamp: row.next()))
    }
    static let put: Query<Void> = """
        INSERT INTO disk_sizes (kind, id, bytes, files, changed_at, measured_at, stamp) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (kind, id) DO UPDATE SET bytes = excluded.bytes, files = excluded.files,
            changed_at = excluded.changed_at, measured_at = excluded.measured_at, stamp = excluded.stamp
        """
    static let drop: Query<Void> = "DELETE FROM disk_sizes WHERE kind = ? AND id = ?"
}
