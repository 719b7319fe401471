import Runtime

/// What a turn did to files, in the words of the original.
enum FileDiff {
    /// First state and last state of each file.
    static func list(_ changes: [FileChange], in directory: String) -> JSONValue {
        var order: [String] = []
        var ends: [String: (before: String?, after: String)] = [:]
        for change in changes {
            if let known = ends[change.path] {
                ends[change.path] = (known.before, change.after)
            } else {
                order.append(change.path)
                ends[change.path] = (change.before, change.after)
            }
        }
        return .array(order.map { one(name($0, in: directory), ends[$0]!.before, ends[$0]!.after) })
    }

    static func name(_ path: String, in directory: String) -> String {
        path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
    }

    private static func one(_ file: String, _ before: String?, _ after: String) -> JSONValue {
        let (old, new) = (lines(before ?? ""), lines(after))
        let rule = String(repeating: "=", count: 67)
        var patch = "Index: \(file)\n\(rule)\n--- \(file)\t\n+++ \(file)\t\n"
        patch += "@@ -\(old.isEmpty ? 0 : 1),\(old.count) +\(new.isEmpty ? 0 : 1),\(new.count) @@\n"
        patch += old.map { "-\($0)\n" }.joined() + new.map { "+\($0)\n" }.joined()
        return [
            "file": .string(file), "patch": .string(patch), "additions": .int(new.count), "deletions": .int(old.count),
            "status": .string(before == nil ? "added" : "modified"),
        ]
    }

    private static func lines(_ text: String) -> [Substring] {
        let isEnded = text.hasSuffix("\n") || text.isEmpty
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(isEnded ? 1 : 0)
    }
}
