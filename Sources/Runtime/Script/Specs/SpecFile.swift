/// A spec, and the scripts that it can require.
public struct SpecFile: Sendable, Equatable {
    /// Below the scripts directory, such as "hooks/recover_spec.lua".
    public let name: String
    public let origin: ScriptFile.Origin
    public let text: [UInt8]

    public init(name: String, origin: ScriptFile.Origin, text: [UInt8]) {
        self.name = name
        self.origin = origin
        self.text = text
    }

    static let ending = "_spec.lua"

    /// The script beside it.
    var subject: String { "\(name.dropLast(SpecFile.ending.utf8.count)).lua" }
}

/// Spec files and scripts as they were at one moment.
public struct SpecSet: Sendable {
    public var specs: [SpecFile] = []
    public var scripts: [ScriptFile] = []
    /// Specs that are left out, each with the reason, and files that cannot be read.
    public var skipped: [String] = []

    public init() {}

    /// All specs of both directories. Blocks, so it belongs on the pool.
    ///
    /// An owner's spec stands in the place of the shipped one of the same name. A shipped spec is about the shipped
    /// script: where the owner's own is in force it says nothing.
    public static func read(_ sources: ScriptSources) -> SpecSet {
        var set = SpecSet()
        let scripts = sources.read()
        set.scripts = scripts.files
        set.skipped = scripts.problems.map(\.description)
        var specs: [String: SpecFile] = [:]
        for place in sources.places {
            for name in Directory.names(place.path).sorted() where name.hasSuffix(SpecFile.ending) {
                let full = "\(place.name)/\(name)"
                do {
                    let text = try FileText.read("\(place.path)/\(name)", limit: ScriptSources.largestFile)
                    specs[full] = SpecFile(name: full, origin: place.origin, text: text)
                } catch {
                    set.skipped.append("\(full): \(Fault(error).message)")
                }
            }
        }
        let replaced = Set(scripts.files.filter(\.replacesShipped).map(\.name))
        for spec in specs.values.sorted(by: { $0.name < $1.name }) {
            if spec.origin == .shipped, replaced.contains(spec.subject) {
                set.skipped.append("\(spec.name): your own \(spec.subject) is in force, and has no spec beside it")
            } else {
                set.specs.append(spec)
            }
        }
        return set
    }

    /// Only the specs that one of the words means: a spec or its script by name or path, or a directory.
    public mutating func keep(_ words: [String]) throws {
        guard !words.isEmpty else { return }
        var kept: [SpecFile] = []
        for word in words {
            let found = specs.filter { $0.isMeant(by: word) && !kept.contains($0) }
            guard !found.isEmpty || kept.contains(where: { $0.isMeant(by: word) }) else {
                let names = specs.flatMap { [$0.name, $0.subject, ScriptFile.module(of: $0.subject)] }
                let near = NearestName.of(word, among: names).map { "did you mean \($0)?" }
                throw Fault(
                    .notFound, "there are no specs at \"\(word)\"",
                    hint: near ?? "a spec is a file such as hooks/recover_spec.lua, beside its script")
            }
            kept += found
        }
        specs = kept
    }
}

extension SpecFile {
    fileprivate func isMeant(by word: String) -> Bool {
        let word = word.hasSuffix("/") ? String(word.dropLast()) : word
        let names = [name, subject, String(subject.dropLast(4)), ScriptFile.module(of: subject)]
        return names.contains(word) || name.hasPrefix("\(word)/")
    }
}
