import Glibc
import Runtime

/// Where scripts are looked for.
enum ScriptHome {
    static func sources(_ settings: Settings) -> ScriptSources {
        let own = settings[SettingTable.scripts]
        return ScriptSources(
            shipped: shipped(settings), overlay: own.isEmpty ? "\(settings.stateDirectory)/scripts" : own)
    }

    /// PERIGEE_HOME's, else those of an installation or a checkout that the program lies in.
    static func shipped(_ settings: Settings) -> String? {
        let home = settings[SettingTable.home]
        if !home.isEmpty { return "\(home)/scripts" }
        return candidates(program: program()).map { "\($0)/scripts" }.first { access("\($0)/hooks", R_OK | X_OK) == 0 }
    }

    /// `…/bin/perigee` has its files in `…/share/perigee`; a build has them in a directory above it.
    static func candidates(program: String) -> [String] {
        var directories: [String] = []
        var path = parent(of: program)
        directories.append("\(parent(of: path))/share/perigee")
        while !path.isEmpty {
            directories.append(path)
            path = parent(of: path)
        }
        return directories
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private static func program() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            let count = readlink("/proc/self/exe", buffer.baseAddress, Int(PATH_MAX))
            guard count > 0 else { return "" }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
