import Glibc

/// The directories that scripts come from.
public struct ScriptSources: Sendable, Equatable {
    /// The shipped scripts; nil when they were not found.
    public var shipped: String?
    /// The owner's; it need not exist.
    public var overlay: String?

    public init(shipped: String?, overlay: String?) {
        self.shipped = shipped
        self.overlay = overlay
    }

    static let largestFile = 1 << 20
    static let mostFiles = 1000
    static let mostBytes = 32 << 20

    /// Reads everything. Blocks, so it belongs on the pool.
    ///
    /// Editors and copies write while we read, so it reads until two looks at the directories agree, or gives up on that
    /// after a few: the next change will bring it here again.
    /// Files of `known` that have not been written since are taken from there.
    public func read(reusing known: ScriptSet = ScriptSet()) -> ScriptSet {
        let known = Dictionary(known.files.map { ($0.path, $0) }) { first, _ in first }
        var signature = self.signature()
        for _ in 0..<5 {
            let set = readOnce(known)
            let after = self.signature()
            if after == signature { return set }
            signature = after
        }
        return readOnce(known)
    }

    /// Changes whenever a file does, as far as its inode, times and size tell.
    public func signature() -> [FileSignature] {
        var all: [FileSignature] = []
        for place in places {
            all.append(FileSignature(path: place.path, stat: FileStat.of(place.path)))
            for name in names(in: place) {
                let path = place.path + "/" + name
                all.append(FileSignature(path: path, stat: FileStat.of(path)))
            }
        }
        return all
    }

    /// Every directory that may hold scripts, whether it exists or not; inner ones of `lib` too.
    var places: [ScriptPlace] {
        var all: [ScriptPlace] = []
        for (root, origin) in [(shipped, ScriptFile.Origin.shipped), (overlay, .owner)] {
            guard let root else { continue }
            for kind in ScriptKind.allCases {
                let place = ScriptPlace(path: "\(root)/\(kind.directory)", name: kind.directory, kind: kind, origin)
                all.append(place)
                if kind == .library { all += inner(of: place, depth: 4) }
            }
        }
        return all
    }

    private func inner(of place: ScriptPlace, depth: Int) -> [ScriptPlace] {
        guard depth > 0 else { return [] }
        return Directory.names(place.path).flatMap { name -> [ScriptPlace] in
            guard ScriptFile.isScript("\(name).lua"), FileStat.of("\(place.path)/\(name)")?.isDirectory == true else {
                return []
            }
            let inside = ScriptPlace(
                path: "\(place.path)/\(name)", name: "\(place.name)/\(name)", kind: place.kind, place.origin)
            return [inside] + inner(of: inside, depth: depth - 1)
        }
    }

    private func names(in place: ScriptPlace) -> [String] {
        Directory.names(place.path).filter(ScriptFile.isScript).sorted()
    }

    private func readOnce(_ known: [String: ScriptFile]) -> ScriptSet {
        var files: [String: ScriptFile] = [:]
        var problems: [String: ScriptProblem] = [:]
        var bytes = 0
        for place in places {
            for name in names(in: place) {
                let script = "\(place.name)/\(name)"
                let path = "\(place.path)/\(name)"
                let replaces = place.origin == .owner && files[script]?.origin == .shipped
                do {
                    let stat = FileStat.of(path)
                    var file = known[path]
                    if file == nil || file?.stat != stat || stat?.isSettled != true {
                        let text = try FileText.read(path, limit: ScriptSources.largestFile)
                        file = ScriptFile(name: script, path: path, origin: place.origin, kind: place.kind, text: text)
                    }
                    guard var file else { continue }
                    bytes += file.text.count
                    if files.count >= ScriptSources.mostFiles || bytes > ScriptSources.mostBytes {
                        let limit = "\(ScriptSources.mostFiles) scripts of \(ScriptSources.mostBytes >> 20) MB in all"
                        return ScriptSet(problems: [ScriptProblem(script, "is one too many: \(limit) are read")])
                    }
                    file.stat = stat
                    file.replacesShipped = replaces
                    files[script] = file
                } catch {
                    let fault = Fault(error)
                    problems[script] = ScriptProblem(script, fault.message, hint: fault.hint)
                }
            }
        }
        return ScriptSet(
            files: files.values.sorted { $0.name < $1.name },
            problems: problems.values.sorted { $0.script < $1.script })
    }
}

/// One directory of scripts.
struct ScriptPlace {
    let path: String
    let name: String
    let kind: ScriptKind
    let origin: ScriptFile.Origin

    init(path: String, name: String, kind: ScriptKind, _ origin: ScriptFile.Origin) {
        self.path = path
        self.name = name
        self.kind = kind
        self.origin = origin
    }
}

/// What tells one version of a file from another without reading it.
public struct FileSignature: Sendable, Equatable {
    let path: String
    let stat: FileStat?
}

struct FileStat: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let changed: Int64
    let mode: UInt32

    /// Follows symbolic links; nil when there is nothing.
    static func of(_ path: String) -> FileStat? {
        var status = stat()
        return stat(path, &status) == 0 ? FileStat(status) : nil
    }

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        changed = max(
            Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
            Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
        mode = UInt32(status.st_mode)
    }

    /// Whether a later write would show: clocks of file systems tick slowly.
    var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec) - changed > 2_000_000_000
    }

    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { mode & S_IFMT == S_IFREG }
}

enum Directory {
    /// Empty when it cannot be read: what is not there has no scripts.
    static func names(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

enum FileText {
    /// A regular file in one piece. Pipes and devices are refused: reading them may never end.
    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("open", errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("look at", errno) }
        guard FileStat(status).isRegular else { throw Fault(.invalidInput, "is no regular file") }
        let size = Int(status.st_size)
        guard size <= limit else {
            throw Fault(.tooLarge, "is \(Units.describe(bytes: size)) large, at most \(Units.describe(bytes: limit))")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + 1)
        try withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8) { buffer in
            while bytes.count <= limit {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                if count < 0 { throw failure("read", errno) }
                if count == 0 { break }
                bytes.append(contentsOf: buffer[..<count])
            }
        }
        if bytes.count > limit { throw Fault(.tooLarge, "grew over \(Units.describe(bytes: limit)) while it was read") }
        return bytes
    }

    private static func failure(_ verb: String, _ code: Int32) -> Fault {
        Fault(.denied, "cannot \(verb) it: \(String(cString: strerror(code)))")
    }
}
