import CLinux
import Glibc

/// What is done to one file or directory. Every call may block: they belong in the pool.
///
/// Whatever happens on the disk meanwhile, nothing outside the root is touched: each step starts from a directory that
/// is open, and no symbolic link is followed.
struct FileWork: Sendable {
    enum Kind: String { case file, directory, link, other }

    struct Status: Sendable {
        let kind: Kind
        let size: Int
        /// Seconds since the epoch.
        let modified: Double
        let mode: mode_t
    }

    let place: FilePlace

    init(_ place: FilePlace) { self.place = place }

    // MARK: opening

    static func open(_ root: FileRoot) throws -> Descriptor {
        let number = Glibc.open(root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw Fault.system("open the root \(root.name):", root.path, errno: errno) }
        return Descriptor(number)
    }

    func open(_ flags: Int32) throws -> Descriptor {
        let root = try FileWork.open(place.root)
        let number = clinux_open_within(root.value, place.relative, flags, 0)
        guard number >= 0 else { throw place.fault("open", errno: errno) }
        return Descriptor(number)
    }

    /// The directory that the file is in; its name is the last part of the place.
    func directory() throws -> Descriptor {
        do {
            return try FileWork(place.directory).open(O_RDONLY | O_DIRECTORY)
        } catch let fault as Fault where fault.kind == .notFound {
            throw Fault(
                .notFound, "\(place.text): the directory \(place.directory.text) does not exist",
                hint: "make it with fs.mkdir")
        }
    }

    private var name: String { place.parts.last! }

    // MARK: looking

    func status() throws -> Status {
        if place.parts.isEmpty { return Status(try FileWork.status(of: open(O_RDONLY | O_DIRECTORY), place)) }
        let directory = try FileWork(place.directory).open(O_RDONLY | O_DIRECTORY)
        return Status(try FileWork.status(of: name, in: directory, place))
    }

    /// Entries by name; more than `limit` are an error.
    func entries(limit: Int) throws -> [(name: String, status: Status)] {
        let directory = try open(O_RDONLY | O_DIRECTORY)
        let names = try FileWork.names(in: directory, place, limit: limit + 1)
            .filter { !place.parts.isEmpty || $0 != FilePlace.trash }
        guard names.count <= limit else {
            throw Fault(.tooLarge, "\(place.text) has more than \(limit) entries", hint: "ask with a larger `limit`")
        }
        return try names.sorted().compactMap { name in
            do {
                return (name, Status(try FileWork.status(of: name, in: directory, place.with(name))))
            } catch let fault as Fault where fault.kind == .notFound {
                // It was removed a moment ago.
                return nil
            }
        }
    }

    func read(limit: Int) throws -> [UInt8] {
        let file = try open(O_RDONLY)
        let status = Status(try FileWork.status(of: file, place))
        guard status.kind == .file else {
            throw Fault(.invalidInput, "\(place.text) is no file", hint: "it is a \(status.kind.rawValue)")
        }
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let room = min(1 << 16, limit + 1 - bytes.count)
            var failure: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                let result = Glibc.read(file.value, buffer.baseAddress, room)
                failure = result < 0 ? errno : 0
                count = max(0, result)
            }
            if failure == EINTR { continue }
            if failure != 0 { throw place.fault("read", errno: failure) }
            if piece.isEmpty { return bytes }
            bytes += piece
        }
        throw Fault(
            .tooLarge, "\(place.text) is larger than \(Units.describe(bytes: limit))",
            hint: "ask for more with `max`, as far as memory goes")
    }

    // MARK: changing

    /// The file has either its old content or all of the new one, whatever happens meanwhile.
    func write(_ bytes: [UInt8]) throws {
        let directory = try directory()
        var mode: mode_t = 0o644
        do {
            let old = Status(try FileWork.status(of: name, in: directory, place))
            guard old.kind != .directory else { throw Fault(.invalidInput, "\(place.text) is a directory") }
            if old.kind == .file { mode = old.mode & 0o777 }
        } catch let fault as Fault where fault.kind == .notFound {
            // A new file.
        }
        let draft = ".perigee-\(Random.token(bytes: 9))"
        do {
            try FileWork.create(draft, in: directory, bytes, mode: mode, place)
            guard renameat(directory.value, draft, directory.value, name) == 0 else {
                throw place.fault("write", errno: errno)
            }
        } catch {
            unlinkat(directory.value, draft, 0)
            throw error
        }
        try FileWork.sync(directory, place)
    }

    func append(_ bytes: [UInt8]) throws {
        let directory = try directory()
        let number = clinux_open_within(directory.value, name, O_WRONLY | O_APPEND | O_CREAT, 0o644)
        guard number >= 0 else { throw place.fault("append to", errno: errno) }
        let file = Descriptor(number)
        guard Status(try FileWork.status(of: file, place)).kind == .file else {
            throw Fault(.invalidInput, "\(place.text) is no file")
        }
        try FileWork.write(bytes, to: file, place)
        try FileWork.sync(file, place)
    }

    /// Makes what is missing of it.
    func makeDirectories() throws {
        var directory = try FileWork.open(place.root)
        var reached = FilePlace(place.root, [])
        for part in place.parts {
            reached = reached.with(part)
            if mkdirat(directory.value, part, 0o755) != 0, errno != EEXIST { throw reached.fault("make", errno: errno) }
            let next = clinux_open_within(directory.value, part, O_RDONLY | O_DIRECTORY, 0)
            guard next >= 0 else {
                throw errno == ENOTDIR
                    ? Fault(.conflict, "\(reached.text) is there and is no directory")
                    : reached.fault("make", errno: errno)
            }
            directory = Descriptor(next)
        }
    }
}

extension FileWork.Status {
    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .link
            default: .other
            }
        size = kind == .directory ? 0 : Int(status.st_size)
        modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        mode = status.st_mode & 0o7777
    }
}
