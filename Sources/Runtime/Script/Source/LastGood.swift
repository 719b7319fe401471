/// The scripts of the last good generation, kept for a start that finds broken ones: a line of JSON that tells what they
/// are, then their texts as they were read, because every reload writes all of them.
struct LastGood: Sendable {
    let path: String

    private struct Kept: Codable {
        struct File: Codable {
            let name: String
            let path: String
            let origin: String
            let bytes: Int
        }

        let files: [File]
    }

    /// Does nothing when `kept`, which was written last, is the same and still there.
    func write(_ set: ScriptSet, after kept: ScriptSet? = nil) throws {
        if set == kept, FileStat.of(path) != nil { return }
        let files = set.files.map {
            Kept.File(name: $0.name, path: $0.path, origin: $0.origin.rawValue, bytes: $0.text.count)
        }
        var bytes = try JSON.encode(Kept(files: files))
        bytes.reserveCapacity(bytes.count + 1 + files.reduce(0) { $0 + $1.bytes })
        bytes.append(UInt8(ascii: "\n"))
        for file in set.files { bytes.append(contentsOf: file.text) }
        try AtomicFile.write(bytes, to: path, mode: 0o600)
    }

    /// Nil when none are kept.
    func read() throws -> ScriptSet? {
        guard FileStat.of(path) != nil else { return nil }
        let bytes = try FileText.read(path, limit: 2 * ScriptSources.mostBytes)
        let head = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let kept = try JSON.decode(Kept.self, from: Array(head))
        var rest = bytes[head.endIndex...].dropFirst()
        let files = try kept.files.map { file in
            guard let kind = ScriptKind(directory: file.name.prefix { $0 != "/" }), file.bytes >= 0,
                let origin = ScriptFile.Origin(rawValue: file.origin), file.bytes <= rest.count
            else { throw Fault(.invalidInput, "\(path): what is kept of \(file.name) is damaged") }
            let text = Array(rest.prefix(file.bytes))
            rest = rest.dropFirst(file.bytes)
            return ScriptFile(name: file.name, path: file.path, origin: origin, kind: kind, text: text)
        }
        return ScriptSet(files: files)
    }
}
