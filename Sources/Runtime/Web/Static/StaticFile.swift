/// A file in the form that one client gets: plain or packed, in memory or open.
struct StaticFile: Sendable {
    enum Content: Sendable {
        case memory([UInt8])
        case open(OpenFile)
    }

    let identity: OpenFile.Identity
    /// The coding of `content`; nil for the plain form.
    let coding: String?
    let content: Content
    let size: Int

    var tag: String { identity.tag(coding) }

    /// Opens the best form of `path` that there is: a packed file beside it when it is no older, gzip made here for small
    /// text, or the file itself. Gives `known` back when it is that already. Blocks.
    static func open(
        root: Int32, path: String, codings: [String], inMemoryUpTo limit: Int, known: StaticFile? = nil
    ) throws -> StaticFile {
        let plain = try OpenFile(root: root, path: path)
        for coding in codings {
            guard let packed = try packed(root, path, coding), packed.identity.modified >= plain.identity.modified
            else { continue }
            if let known, known.identity == packed.identity { return known }
            return try StaticFile(packed, coding, limit)
        }
        if let known, known.identity == plain.identity { return known }
        let file = try StaticFile(plain, nil, limit)
        guard codings.contains("gzip"), case .memory(let bytes) = file.content, bytes.count >= Compression.smallest
        else { return file }
        let small = Gzip.compress(bytes, level: 6)
        return small.count < bytes.count ? .inMemory(plain.identity, small, coding: "gzip") : file
    }

    private static let endings = ["br": ".br", "gzip": ".gz"]

    private static func packed(_ root: Int32, _ path: String, _ coding: String) throws -> OpenFile? {
        do {
            return try endings[coding].map { try OpenFile(root: root, path: path + $0) }
        } catch is OpenFile.Missing {
            return nil
        }
    }

    static func inMemory(_ identity: OpenFile.Identity, _ bytes: [UInt8], coding: String? = nil) -> StaticFile {
        StaticFile(identity: identity, coding: coding, content: .memory(bytes), size: bytes.count)
    }
}

extension StaticFile {
    private init(_ file: OpenFile, _ coding: String?, _ limit: Int) throws {
        let size = file.identity.size
        let content = size <= limit ? Content.memory(try file.read(0..<size)) : .open(file)
        self.init(identity: file.identity, coding: coding, content: content, size: size)
    }
}
