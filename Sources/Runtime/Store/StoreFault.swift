import CSQLite
import Glibc

extension Fault {
    /// What SQLite said, in words that tell what to do. `subject` is a path or the beginning of a statement.
    static func sqlite(_ code: Int32, _ database: OpaquePointer?, _ subject: String) -> Fault {
        let said = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let reason = said.map { String(cString: $0) } ?? "code \(code)"
        let systemError = database.map { sqlite3_system_errno($0) } ?? 0
        switch code & 0xff {
        case SQLITE_FULL: return .diskFull(subject)
        case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT: return .diskFull(subject)
        case SQLITE_CORRUPT:
            return Fault(.internal, "the store is damaged: \(subject): \(reason)", hint: restoreHint)
        case SQLITE_NOTADB: return .notADatabase(subject)
        case SQLITE_BUSY, SQLITE_LOCKED:
            return Fault(
                .unavailable, "the store is locked by another program: \(subject)",
                hint: "close other programs that have it open")
        case SQLITE_CONSTRAINT: return Fault(.conflict, "\(subject): \(reason)")
        case SQLITE_TOOBIG, SQLITE_NOMEM: return Fault(.tooLarge, "\(subject): \(reason)")
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: return Fault(.denied, "\(subject): \(reason)")
        case SQLITE_INTERRUPT: return .cancelled
        case SQLITE_CANTOPEN where systemError != 0: return .system("open", subject, errno: systemError)
        case SQLITE_CANTOPEN: return Fault(.denied, "open \(subject): \(reason)")
        case SQLITE_IOERR:
            let cause = systemError == 0 ? reason : String(cString: strerror(systemError))
            return Fault(.unavailable, "the disk fails: \(subject): \(cause)", hint: "see the kernel's log")
        default: return Fault(.internal, "\(subject): \(reason)")
        }
    }

    static let restoreHint = "run `perigee doctor`, then `perigee restore` with the newest backup"

    static func diskFull(_ subject: String) -> Fault {
        Fault(.overBudget, "the disk is full: \(subject)", hint: "free space where the store lies, then try again")
    }

    static func notADatabase(_ path: String) -> Fault {
        Fault(
            .invalidInput, "\(path) is not a Perigee database",
            hint: "move it away to begin anew, or `perigee restore` a backup")
    }
}
