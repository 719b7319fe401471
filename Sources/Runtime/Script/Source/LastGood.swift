/// The scripts of the last good generation, kept for a start that finds broken ones.
struct LastGood: Sendable {
    let path: String

    private struct Kept: Codable {
        struct File: Codable {
            let name: String
            let path: String
            let origin: String
            let text: String
        }

        let files: [File]
    }

    func write(_ set: ScriptSet) throws {
        let files = set.files.map {
            Kept.File(name: $0.name, path: $0.path, origin: $0.origin.rawValue, text: Base64.encode($0.text))
        }
        try AtomicFile.write(JSON.encode(Kept(files: files)), to: path, mode: 0o600)
    }

    /// Nil when none are kept.
    func read() throws -> ScriptSet? {
        guard FileStat.of(path) != nil else { return nil }
        let kept = try JSON.decode(Kept.self, from: FileText.read(path, limit: 2 * ScriptSources.mostBytes))
        let files = kept.files.compactMap { file -> ScriptFile? in
            guard let kind = ScriptKind(directory: file.name.prefix { $0 != "/" }), let text = Base64.decode(file.text),
                let origin = ScriptFile.Origin(rawValue: file.origin)
            else { return nil }
            return ScriptFile(name: file.name, path: file.path, origin: origin, kind: kind, text: text)
        }
        return ScriptSet(files: files)
    }
}
