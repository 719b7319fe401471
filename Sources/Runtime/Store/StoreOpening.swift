import CSQLite
import Glibc

/// What has to be right before the first query, and one line for each thing that can be wrong.
enum StoreOpening {
    struct Opened: Sendable {
        let database: Database
        let lease: StoreLease
    }

    /// The check at start-up ends after this: a large store is checked in part, and in full by `doctor`.
    static let checkLimit = Duration.milliseconds(100)
    static let keptBackups = 3

    static func open(_ path: String, migrations: [Migration]) throws -> Opened {
        try requireDirectory(of: path)
        let lease = try StoreLease(beside: path)
        let isNew = try requireFile(path)
        let database = try Database(path, .writer)
        if !isNew { try quickCheck(database) }
        let migrator = Migrator(database: database)
        let applied = try migrator.applied()
        let pending = try MigrationPlan.pending(migrations, after: applied, in: path)
        if !pending.isEmpty && !applied.isEmpty { try backUp(path, before: pending[0].number) }
        try migrator.run(pending)
        try database.sync()
        return Opened(database: database, lease: lease)
    }

    // MARK: the file

    private static func requireDirectory(of path: String) throws {
        let directory = FilePath.directory(of: path)
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw Fault.system("use", directory, errno: errno, hint: "create it, or choose another STATE_DIR")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Fault(.invalidInput, "\(directory) is not a directory", hint: "choose another STATE_DIR")
        }
        guard access(directory, R_OK | W_OK | X_OK) == 0 else {
            throw Fault.system(
                "write to", directory, errno: errno, hint: "let this user write there, or choose another STATE_DIR")
        }
    }

    /// True when the file was made now. SQLite gives its other files the mode of this one.
    static func requireFile(_ path: String) throws -> Bool {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault.system("open", path, errno: errno, hint: "let this user write to it") }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &header, header.count, 0)
        guard count >= 0 else { throw Fault.system("read", path, errno: errno) }
        if count == 0 { return true }
        guard header[..<count].elementsEqual("SQLite format 3\0".utf8) else { throw Fault.notADatabase(path) }
        return false
    }

    // MARK: the content

    private static func quickCheck(_ database: Database) throws {
        database.steps.watch("the check", until: Instant.clock + checkLimit)
        defer { database.steps.rest() }
        do {
            let found = try database.ourText("PRAGMA quick_check(1)")
            guard found == "ok" else { throw damaged(database.path, found) }
        } catch let fault as Fault where fault.kind == .timeout {
            return
        }
    }

    /// Everything that a full reading finds wrong.
    static func problems(of database: Database) throws -> [String] {
        let pages = try database.ourRows("PRAGMA integrity_check(20)").compactMap { String(stored: $0[0]) }
        if pages != ["ok"] { return pages }
        return try database.ourRows("PRAGMA foreign_key_check").prefix(20).map { row in
            "\(String(stored: row[0]) ?? "?"): row \(Int64(stored: row[1]) ?? 0) refers to a row of \(String(stored: row[2]) ?? "?") that is not there"
        }
    }

    static func damaged(_ path: String, _ found: String) -> Fault {
        let found = found.prefix(200).split(separator: "\n").joined(separator: " ")
        return Fault(.internal, "\(path) is damaged: \(found)", hint: Fault.restoreHint)
    }

    // MARK: before a migration

    private static func backUp(_ path: String, before number: Int) throws {
        let stamp = String(Int(time(nil)))
        let prefix = "\(FilePath.name(of: path)).before-migration-"
        let directory = FilePath.directory(of: path)
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        try StoreCopy.make(of: path, at: "\(directory)/\(prefix)\(padded)-\(stamp)", StopFlag(), replacing: true)
        let old = try FilePath.names(in: directory).filter { $0.hasPrefix(prefix) }.sorted().dropLast(keptBackups)
        for name in old { unlink("\(directory)/\(name)") }
    }
}

/// Paths as text.
enum FilePath {
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    static func names(in directory: String) throws -> [String] {
        guard let stream = opendir(directory) else { throw Fault.system("list", directory, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }
}
