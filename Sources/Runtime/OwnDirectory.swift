import Glibc

/// Directories for this program's user alone.
public enum OwnDirectory {
    /// Makes it with all that is missing above it. `setting` is where another place can be named. Blocks.
    public static func make(_ path: String, as what: String = "make", setting: String) throws {
        var partial = ""
        for name in path.split(separator: "/") {
            partial += "/\(name)"
            guard mkdir(partial, 0o700) != 0, errno != EEXIST else { continue }
            let code = errno
            // A parent that may not be written is no fault when it is there already.
            guard access(partial, F_OK) != 0 else { continue }
            throw Fault.system(
                what, path, errno: code, hint: "set \(setting) to a directory that this user may write")
        }
    }
}
