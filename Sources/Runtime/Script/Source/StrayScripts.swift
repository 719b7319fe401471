/// Files in a directory of scripts that look as if they were meant to be loaded, and never are.
public enum StrayScripts {
    /// Each with what to do about it, in the order of their names. Blocks, so it belongs on the pool.
    public static func find(in root: String) -> [ScriptProblem] {
        var found: [ScriptProblem] = []
        for name in Directory.names(root).sorted() {
            if let kind = ScriptKind(directory: name) {
                found += strays(in: "\(root)/\(name)", name, kind, depth: 0)
            } else if FileStat.of("\(root)/\(name)")?.isDirectory == true {
                if name != "types", !name.hasPrefix(".") { found += outside("\(root)/\(name)", name) }
            } else if ending(of: name) == "lua" {
                let advice = "put it into one of \(directories.map { "\($0)/" }.joined(separator: ", "))"
                found.append(ScriptProblem(name, "is never loaded: it lies in no directory of scripts", hint: advice))
            }
        }
        return found
    }

    private static let directories = ScriptKind.allCases.map(\.directory)

    /// A directory that is none of the known ones.
    private static func outside(_ path: String, _ name: String) -> [ScriptProblem] {
        let near = NearestName.of(name, among: directories).map { "did you mean \($0)/?" }
        let advice = near ?? "scripts lie in \(directories.map { "\($0)/" }.joined(separator: ", "))"
        return Directory.names(path).sorted().filter { ending(of: $0) == "lua" }.map { file in
            ScriptProblem("\(name)/\(file)", "is never loaded: \(name)/ is no directory of scripts", hint: advice)
        }
    }

    private static func strays(in path: String, _ name: String, _ kind: ScriptKind, depth: Int) -> [ScriptProblem] {
        let names = Directory.names(path).sorted()
        return names.flatMap { file -> [ScriptProblem] in
            let full = "\(name)/\(file)"
            if FileStat.of("\(path)/\(file)")?.isDirectory == true {
                guard kind == .library, depth < 4 else { return buried("\(path)/\(file)", full, kind) }
                return strays(in: "\(path)/\(file)", full, kind, depth: depth + 1)
            }
            return stray(full, file, names).map { [$0] } ?? []
        }
    }

    private static func buried(_ path: String, _ name: String, _ kind: ScriptKind) -> [ScriptProblem] {
        let advice = kind == .library ? "four levels are enough" : "move it up, or to lib/ when others require it"
        return Directory.names(path).sorted().filter { ending(of: $0) == "lua" }.map { file in
            ScriptProblem("\(name)/\(file)", "is never loaded: it lies too deep", hint: advice)
        }
    }

    private static func stray(_ full: String, _ file: String, _ siblings: [String]) -> ScriptProblem? {
        if ScriptFile.isScript(file) || isEditors(file) { return nil }
        if file.hasSuffix(SpecFile.ending) {
            let subject = "\(file.dropLast(SpecFile.ending.utf8.count)).lua"
            guard !siblings.contains(subject) else { return nil }
            let near = NearestName.of(subject, among: siblings.filter(ScriptFile.isScript))
            return ScriptProblem(
                full, "is the spec of \(subject), which is not beside it",
                hint: near.map { "did you mean \($0.dropLast(4))\(SpecFile.ending)?" })
        }
        guard let ending = ending(of: file), ending == "lua" || NearestName.of(ending, among: ["lua"]) != nil else {
            return nil
        }
        let stem = file.dropLast(ending.utf8.count + 1)
        if ending != "lua" {
            return ScriptProblem(full, "is never loaded: it does not end in .lua", hint: "did you mean \(stem).lua?")
        }
        if let mark = [".spec", "-spec"].first(where: { stem.hasSuffix($0) }) {
            return ScriptProblem(
                full, "is never run", hint: "did you mean \(stem.dropLast(mark.utf8.count))\(SpecFile.ending)?")
        }
        return ScriptProblem(
            full, "is never loaded: names of scripts have only letters, digits, `_` and `-`",
            hint: "\(String(stem.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })).lua would do")
    }

    /// What editors leave behind for a moment, or for good.
    private static func isEditors(_ file: String) -> Bool {
        file.hasPrefix(".") || file.hasPrefix("#") || file.hasSuffix("~")
    }

    private static func ending(of file: String) -> String? {
        guard let dot = file.lastIndex(of: "."), dot != file.startIndex else { return nil }
        return String(file[file.index(after: dot)...])
    }
}
