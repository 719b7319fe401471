import CSQLite
import Glibc

/// A consistent copy of a database that others go on writing to.
enum StoreCopy {
    /// Copies to a temporary name, checks the copy, brings it to the disk, and only then gives it its name.
    static func make(
        of source: String, at destination: String, _ stop: StopFlag, replacing: Bool = false
    ) throws {
        if !replacing, access(destination, F_OK) == 0 {
            throw Fault(.conflict, "\(destination) is there already", hint: "choose another name, or remove it")
        }
        let part = "\(destination).part-\(getpid())"
        // What a killed backup of the same number left.
        unlink(part)
        let descriptor = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault.system("create", part, errno: errno) }
        close(descriptor)
        do {
            try copyPages(of: source, to: part, stop)
            try check(part)
            try makeDurable(part)
        } catch {
            for suffix in ["", "-wal", "-shm"] { unlink(part + suffix) }
            throw error
        }
        guard rename(part, destination) == 0 else { throw Fault.system("rename to", destination, errno: errno) }
        try makeDurable(FilePath.directory(of: destination))
    }

    /// One snapshot is held to the end: without it SQLite begins anew after each write by somebody else.
    private static func copyPages(of source: String, to destination: String, _ stop: StopFlag) throws {
        let from = try Database(source, .reader)
        let to = try Database(destination, .asItIs)
        try to.ours("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        try from.ours("BEGIN; SELECT count(*) FROM sqlite_schema")
        guard let backup = sqlite3_backup_init(to.handle, "main", from.handle, "main") else {
            throw Fault.sqlite(sqlite3_errcode(to.handle), to.handle, destination)
        }
        var code = SQLITE_OK
        while code == SQLITE_OK && !stop.isRaised { code = sqlite3_backup_step(backup, 256) }
        sqlite3_backup_finish(backup)
        if stop.isRaised { throw Fault.cancelled }
        guard code == SQLITE_DONE else { throw Fault.sqlite(code, to.handle, destination) }
    }

    private static func check(_ path: String) throws {
        let copy = try Database(path, .asItIs)
        let found = try copy.ourText("PRAGMA quick_check(1)")
        guard found == "ok" else { throw StoreOpening.damaged(path, found) }
    }

    static func makeDurable(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault.system("open", path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Fault.system("fsync", path, errno: errno) }
    }
}

/// Puts a backup in the place of a store.
enum StoreRestore {
    static func run(_ path: String, from backup: String, migrations: [Migration]) throws -> String? {
        let lease = try StoreLease(beside: path)
        defer { lease.release() }
        try validate(backup, migrations)
        let fresh = "\(path).restoring"
        try StoreCopy.make(of: backup, at: fresh, StopFlag(), replacing: true)
        let old = try setAside(path)
        guard rename(fresh, path) == 0 else { throw Fault.system("rename to", path, errno: errno) }
        try StoreCopy.makeDurable(FilePath.directory(of: path))
        return old
    }

    private static func validate(_ backup: String, _ migrations: [Migration]) throws {
        guard access(backup, R_OK) == 0 else { throw Fault.system("read", backup, errno: errno) }
        guard try !StoreOpening.requireFile(backup) else { throw Fault.notADatabase(backup) }
        let database = try Database(backup, .asItIs)
        let problems = try StoreOpening.problems(of: database)
        if let first = problems.first { throw StoreOpening.damaged(backup, first) }
        let applied = try Migrator(database: database).applied()
        guard !applied.isEmpty else { throw Fault.notADatabase(backup) }
        _ = try MigrationPlan.pending(migrations, after: applied, in: backup)
    }

    /// The old file stays in its place, under a second name too, until the new one is renamed over it. Its WAL must not
    /// meet the new file: it is emptied into the old one, or moved away where that one is too damaged for it.
    private static func setAside(_ path: String) throws -> String? {
        guard access(path, F_OK) == 0 else { return nil }
        let old = "\(path).replaced-\(time(nil))"
        // A damaged file is what restoring is for; its WAL is then moved as it is.
        if let database = try? Database(path, .asItIs) { database.finish() }
        guard link(path, old) == 0 else { throw Fault.system("keep", old, errno: errno) }
        if access("\(path)-wal", F_OK) == 0 {
            guard rename("\(path)-wal", "\(old)-wal") == 0 else {
                throw Fault.system("keep", "\(old)-wal", errno: errno)
            }
        }
        unlink("\(path)-shm")
        return old
    }
}

extension Database {
    /// Empties the WAL into the database. What cannot be moved now stays in the WAL and is found there next time.
    func finish() {
        sqlite3_busy_timeout(handle, 1000)
        sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }
}
