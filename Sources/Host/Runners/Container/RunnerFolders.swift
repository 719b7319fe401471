import Glibc
import Runtime

/// The directories of one runner on this machine, made before it starts. Everything here blocks.
struct RunnerFolders: Sendable {
    let workspace: String
    let privateDirectory: String

    /// Makes the runner's own directories. Given an owner, these and the workspace become that user's.
    func prepare(owner: (user: uid_t, group: gid_t)?) throws {
        for part in RunnerSpec.privateParts {
            try OwnDirectory.make("\(privateDirectory)/\(part)", setting: "STATE_DIR")
        }
        guard let owner else { return }
        for part in RunnerSpec.privateParts { try give("\(privateDirectory)/\(part)", owner) }
        try give(workspace, owner)
    }

    private func give(_ path: String, _ owner: (user: uid_t, group: gid_t)) throws {
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else { throw Fault.system("open", path, errno: errno) }
        try give(top, path, owner, depth: 0)
    }

    /// Takes the descriptor over. No link is followed, and a file with several names is left alone: whoever writes there
    /// must not point us at a file outside.
    private func give(_ directory: Int32, _ path: String, _ owner: (user: uid_t, group: gid_t), depth: Int) throws {
        guard let stream = fdopendir(directory) else {
            close(directory)
            throw Fault.system("read", path, errno: errno)
        }
        defer { closedir(stream) }
        var status = stat()
        if fstat(directory, &status) == 0, status.st_uid != owner.user, fchown(directory, owner.user, owner.group) != 0
        {
            throw Fault.system("give to user \(owner.user)", path, errno: errno)
        }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in Array(bytes.prefix { $0 != 0 }) + [0] }
            if name == [46, 0] || name == [46, 46, 0] { continue }
            try name.withUnsafeBytes { bytes in
                let name = bytes.assumingMemoryBound(to: CChar.self).baseAddress!
                try give(entry: name, in: directory, path, owner, depth: depth)
            }
        }
    }

    private func give(
        entry name: UnsafePointer<CChar>, in directory: Int32, _ path: String, _ owner: (user: uid_t, group: gid_t),
        depth: Int
    ) throws {
        var status = stat()
        // What vanishes meanwhile needs no owner.
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFDIR where depth < 200:
            let inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if inner >= 0 { try give(inner, "\(path)/\(String(cString: name))", owner, depth: depth + 1) }
        case S_IFREG where status.st_nlink == 1 && status.st_uid != owner.user,
            S_IFLNK where status.st_uid != owner.user:
            _ = fchownat(directory, name, owner.user, owner.group, AT_SYMLINK_NOFOLLOW)
        default: break
        }
    }
}
