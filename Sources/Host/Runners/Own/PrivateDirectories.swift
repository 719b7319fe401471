import Glibc
import Runtime

/// What agents keep for themselves: a directory for each workspace, set of keys and share, below the state directory.
/// Those of a chat or a run are ended with it. Everything that deletes blocks.
struct PrivateDirectories: Sendable {
    let root: String
    /// What is about to be deleted: nobody finds it by its name any more.
    private static let gone = ".gone-"

    func path(_ workspace: String, _ keySignature: String, _ share: RunnerShare) -> String {
        "\(root)/\(workspace)/\(keySignature)\(share.suffix)"
    }

    /// Takes it away at once; true when there was one. `clear` deletes what was taken away.
    func takeAway(_ path: String) -> Bool {
        guard path.hasPrefix(root + "/"), let slash = path.lastIndex(of: "/") else { return false }
        return rename(path, "\(path[..<slash])/\(PrivateDirectories.gone)\(Random.token(bytes: 9))") == 0
    }

    /// Deletes what was taken away from a workspace's.
    func clear(_ workspace: String) throws {
        for name in names(in: "\(root)/\(workspace)") where name.hasPrefix(PrivateDirectories.gone) {
            try DirectoryRemoval.run("\(root)/\(workspace)/\(name)")
        }
    }

    /// Those of a chat, whatever keys it had.
    func ofChat(_ chat: String, in workspace: String) -> [String] {
        let suffix = RunnerShare.chat(chat).suffix
        return names(in: "\(root)/\(workspace)").filter { $0.hasSuffix(suffix) }.map { "\(root)/\(workspace)/\($0)" }
    }

    /// Takes away those of runs that are not among these: a process of ours ended before it did so. Returns the workspaces
    /// in which there is something to clear.
    func takeLeftovers(keeping kept: Set<String>) -> [String] {
        names(in: root).filter { workspace in
            for name in names(in: "\(root)/\(workspace)") where isOfRun(name) {
                let path = "\(root)/\(workspace)/\(name)"
                if !kept.contains(path) { _ = takeAway(path) }
            }
            return names(in: "\(root)/\(workspace)").contains { $0.hasPrefix(PrivateDirectories.gone) }
        }
    }

    private func isOfRun(_ name: String) -> Bool {
        RunnerShare(of: name, usual: String(name.prefix { $0 != "-" }))?.kind == .run
    }

    private func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
