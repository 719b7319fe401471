import Runtime

/// What is asked of the agent's server: the target of the request behind `/opencode/{workspace}`, as it came.
struct PassageTarget {
    /// Begins with a slash; still encoded.
    let path: String
    /// The same, decoded.
    let segments: [String]
    private let items: [(raw: Substring, name: String, value: String)]

    /// How a route takes its directory.
    enum Style: Sendable { case directory, location }

    /// `rest` is the route's own part, decoded.
    init(_ raw: String, rest: String) {
        let parts = raw.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = PassageTarget.rest(of: parts[0])
        segments = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        items = (parts.count == 2 ? parts[1] : "").split(separator: "&").compactMap { item in
            QueryFields(String(item)).items.first.map { (item, $0.name, $0.value) }
        }
    }

    subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    /// Every directory that the request names, in whichever way.
    func directories(_ headers: Headers) -> [String] {
        let named = items.filter { $0.name == "directory" || $0.name == "location[directory]" }.map(\.value)
        // The header is encoded as well, but a plus in it is a plus.
        let headed = headers.all("x-opencode-directory").compactMap {
            QueryFields("v=" + $0.replacing("+", with: "%2B").replacing("&", with: "%26"))["v"]
        }
        return named + headed
    }

    /// For the agent's server: our own words about place and person in place of the client's.
    func outgoing(_ directory: String, style: Style) -> String {
        let kept = items.filter { item in
            !["directory", "workspace", "auth_token"].contains(item.name) && !item.name.hasPrefix("location")
        }
        let name = style == .directory ? "directory" : "location%5Bdirectory%5D"
        let own = "\(name)=\(PassageTarget.encoded(directory))"
        return path + "?" + (kept.map { String($0.raw) } + [own]).joined(separator: "&")
    }

    /// What is behind the first two segments; an absolute target's host is not among them.
    private static func rest(of path: Substring) -> String {
        var path = path
        if !path.hasPrefix("/"), let host = path.firstRange(of: "://")?.upperBound {
            path = path[(path[host...].firstIndex(of: "/") ?? path.endIndex)...]
        }
        for _ in 0..<2 { path = path[(path.dropFirst().firstIndex(of: "/") ?? path.endIndex)...] }
        return path.isEmpty ? "/" : String(path)
    }

    /// All but unreserved characters and the slash as percent sequences.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 45...57, 65...90, 95, 97...122, 126: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + Hex.encode([byte])
            }
        }
        return result
    }
}
