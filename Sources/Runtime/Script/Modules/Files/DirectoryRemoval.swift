import Glibc

/// Deletes a directory with all that is in it, for good.
public enum DirectoryRemoval {
    /// Blocks. What is not there is no error.
    public static func run(_ path: String) throws {
        guard let slash = path.lastIndex(of: "/"), path.hasPrefix("/"), path.index(after: slash) < path.endIndex else {
            throw Fault(.invalidInput, "`\(path)` is no directory that can be deleted")
        }
        let root = FileRoot("directory", slash == path.startIndex ? "/" : String(path[..<slash]), isWritable: true)
        let name = String(path[path.index(after: slash)...])
        // A name of its own, as deletion goes by what names begin with.
        let doomed = ".gone-\(Random.token(bytes: 12))"
        guard rename(path, "\(root.path)/\(doomed)") == 0 else {
            if errno == ENOENT { return }
            throw Fault.system("delete", path, errno: errno)
        }
        let top = try FileWork.open(root)
        while true {
            var removal = TreeRemoval(in: top, FilePlace(root, [name]))
            if try removal.remove(prefix: doomed) { return }
        }
    }
}
