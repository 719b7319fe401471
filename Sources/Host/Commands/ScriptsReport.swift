import Runtime

/// What `/mgmt/status` and `/mgmt/scripts` answer, as text for people.
enum ScriptsReport {
    /// `perigee status`.
    static func status(_ answer: JSONValue) -> String {
        let uptime = Units.describe(.seconds(answer["uptime_s"]?.integer ?? 0))
        var lines = [
            "perigee \(answer["version"]?.string ?? "?"), process \(answer["pid"]?.integer ?? 0), up \(uptime)",
            "  listens on   \(texts(answer["addresses"]).joined(separator: "  "))",
            "  connections  \(answer["connections"]?.integer ?? 0)",
            "  state        \(answer["state"]?.string ?? "?")",
        ]
        if let mode = answer["agents"]?["mode"]?.string {
            lines.append("  agents       \(mode): \(answer["agents"]?["reason"]?.string ?? "?")")
        }
        lines += texts(answer["not_ready"]).map { "  not ready    \($0)" }
        if let scripts = answer["scripts"] { lines += self.scripts(scripts) }
        return lines.map { $0 + "\n" }.joined()
    }

    /// What `POST /mgmt/scripts/reload` answered when all went well.
    static func reloaded(_ answer: JSONValue) -> String {
        let generation = answer["generation"]
        let files = count(elements(generation?["files"]).count)
        return "generation \(generation?["number"]?.integer ?? 0) serves, \(files)\n"
    }

    static func count(_ files: Int) -> String { files == 1 ? "1 script" : "\(files) scripts" }

    /// One problem a line as `file:line: message`, with the advice below.
    static func problems(_ failure: JSONValue?) -> [String] {
        elements(failure?["problems"]).flatMap { problem -> [String] in
            let place = problem["line"]?.integer.map { ":\($0)" } ?? ""
            let line = "\(problem["script"]?.string ?? "?")\(place): \(problem["message"]?.string ?? "")"
            return [line] + (problem["hint"]?.string.map { ["  \($0)"] } ?? [])
        }
    }

    /// The files of a generation in columns.
    static func files(_ answer: JSONValue) -> String {
        let rows = elements(answer["generation"]?["files"]).map { file in
            row(
                name: file["name"]?.string ?? "?", size: file["size"]?.integer ?? 0,
                isOwn: file["origin"]?.string == "owner", replaces: file["replaces"]?.bool == true)
        }
        return table(rows)
    }

    static func row(name: String, size: Int, isOwn: Bool, replaces: Bool) -> [String] {
        let origin = replaces ? "yours, for the shipped one" : isOwn ? "yours" : "shipped"
        return [name, Units.describe(bytes: size), origin]
    }

    static func table(_ rows: [[String]]) -> String {
        rows.isEmpty ? "there are no scripts\n" : SettingListing.columns(rows)
    }

    private static func scripts(_ scripts: JSONValue) -> [String] {
        let generation = scripts["generation"]
        let own = generation?["own_files"]?.integer ?? 0
        let age = Units.describe(.seconds(generation?["age_s"]?.integer ?? 0))
        var lines = [
            "scripts",
            "  generation   \(generation?["number"]?.integer ?? 0), since \(age), "
                + "\(count(generation?["files"]?.integer ?? 0)), \(own) of them yours",
            "  memory       \(Units.describe(bytes: generation?["memory"]?.integer ?? 0))",
        ]
        if let fallback = scripts["fallback"]?.string {
            let words = ["last_good": "those of the last start that loaded", "shipped": "the shipped ones alone"]
            lines.append("  served are   \(words[fallback] ?? "none, but the built-in answers")")
        }
        guard let failure = scripts["failure"], failure != .null else { return lines }
        let since = Units.describe(.seconds(failure["age_s"]?.integer ?? 0))
        lines.append("  FAILED       generation \(failure["number"]?.integer ?? 0), \(since) ago:")
        return lines + problems(failure).map { "    \($0)" }
    }

    private static func elements(_ value: JSONValue?) -> [JSONValue] {
        if case .array(let elements)? = value { elements } else { [] }
    }

    private static func texts(_ value: JSONValue?) -> [String] { elements(value).compactMap(\.string) }
}
