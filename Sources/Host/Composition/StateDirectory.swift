import Glibc
import Runtime

/// The directory of everything that must survive, readable by its owner alone.
struct StateDirectory: Sendable {
    let path: String

    var database: String { "\(path)/perigee.db" }
    var lastGoodScripts: String { "\(path)/scripts.last-good" }
    var encryptionKey: String { "\(path)/encryption.key" }
    /// Provider keys for agents that read them from files.
    var keys: String { "\(path)/keys" }
    /// What each runner keeps for itself.
    var runners: String { "\(path)/runners" }
    /// Where scripts keep files of their own.
    var data: String { "\(path)/data" }

    /// Makes what is missing, and says in one line why the directory cannot be used.
    func prepare() throws {
        try OwnDirectory.make(path, as: "state directory", setting: "STATE_DIR")
        let advice = "set STATE_DIR to a directory that this user may write, or mend its permissions"
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw Fault.system("state directory", path, errno: errno, hint: advice)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Fault(.invalidInput, "state directory \(path): it is not a directory", hint: advice)
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw Fault.system("state directory", path, errno: errno, hint: advice)
        }
        if mkdir(data, 0o700) != 0, errno != EEXIST {
            throw Fault.system("directory for files of scripts", data, errno: errno, hint: advice)
        }
    }

    /// What is free for this user on the volume, in bytes.
    func freeBytes() -> Int? {
        var volume = statvfs()
        guard statvfs(path, &volume) == 0 else { return nil }
        return Int(volume.f_bavail) * Int(volume.f_frsize)
    }
}
