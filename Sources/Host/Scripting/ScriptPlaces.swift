import Glibc
import Runtime

extension Settings {
    /// The shipped scripts, and the owner's.
    var scriptSources: ScriptSources {
        let own = self[SettingTable.scripts]
        return ScriptSources(
            shipped: home.map { "\($0)/scripts" }, overlay: own.isEmpty ? "\(stateDirectory)/scripts" : own)
    }

    /// Where what is shipped lies: as set, else the nearest directory above the executable that has scripts.
    var home: String? {
        let chosen = self[SettingTable.home]
        if !chosen.isEmpty { return chosen }
        guard
            var path = realpath("/proc/self/exe", nil).map({ path in
                defer { free(path) }
                return String(cString: path)
            })
        else { return nil }
        while let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            path = String(path[..<slash])
            for place in [path, "\(path)/share/perigee"] where access("\(place)/scripts/hooks", F_OK) == 0 {
                return place
            }
        }
        return nil
    }

    /// What is wrong when nothing that is shipped is found; a program that was copied by itself starts all the same.
    var lacksShippedScripts: Fault? {
        if let home, access("\(home)/scripts/hooks", F_OK) == 0 { return nil }
        let place = home.map { "at \($0)/scripts" } ?? "above the program"
        return Fault(
            .notFound, "the shipped scripts are not \(place): there is no persona to talk to, and no policy",
            hint: "set PERIGEE_HOME to the directory that has them in scripts/, or put that into share/perigee beside "
                + "the program's bin/")
    }
}

extension ScriptSources {
    /// A word that is a directory on disk, and none of scripts that are known by it, takes the place of the owner's.
    /// Gives the other words: what is below the sources by their names there.
    mutating func takeDirectory(from words: [String]) -> [String] {
        var names: [String] = []
        for word in words {
            guard let path = ScriptSources.resolved(word) else {
                names.append(word)
                continue
            }
            if let name = name(of: path) {
                if !name.isEmpty { names.append(name) }
            } else {
                let (root, name) = ScriptSources.split(path)
                overlay = root
                if !name.isEmpty { names.append(name) }
            }
        }
        return names
    }

    /// What is below one of the sources, by its name there; empty for a source as a whole.
    private func name(of path: String) -> String? {
        for root in [overlay, shipped].compactMap({ $0.flatMap(ScriptSources.resolved) }) {
            if path == root { return "" }
            if path.hasPrefix("\(root)/") { return String(path.dropFirst(root.utf8.count + 1)) }
        }
        return nil
    }

    /// A directory of scripts, and a name in it: `/my/hooks/a.lua` is `hooks/a.lua` of `/my`.
    private static func split(_ path: String) -> (root: String, name: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let near = max(0, parts.count - 2)..<parts.count
        guard let mark = near.first(where: { ScriptKind(directory: parts[$0]) != nil }) else { return (path, "") }
        return (parts[..<mark].joined(separator: "/"), parts[mark...].joined(separator: "/"))
    }

    /// The path without symbolic links; nil when there is nothing.
    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
