import Glibc

/// Serves the files of one directory: conditional requests, ranges, packed forms, and small ones from memory.
///
/// Never served: dot files, anything outside the root, whether by `..` or by a symbolic link, and what is no plain file.
@Loop
public final class StaticFiles {
    public struct Settings: Sendable {
        /// What `Cache-Control` says for a path. By default clients keep files and ask each time whether they are current.
        public var cacheControl: @Sendable (_ path: String) -> String = { _ in "no-cache" }
        /// Answers for a directory whose path ends with a slash.
        public var index = "index.html"
        /// Larger files are read from disk in pieces.
        public var smallFile = 256 << 10
        /// All small files in memory; those used longest ago make room.
        public var cache = 16 << 20
        /// A change on disk is seen after this at the latest.
        public var freshness = Duration.seconds(1)
        /// Sent with every file.
        public var headers: Headers = ["X-Content-Type-Options": "nosniff"]

        public init() {}
    }

    private let root: String
    private let directory: Int32
    let settings: Settings
    private var cache: FileCache

    public init(root: String, settings: Settings = Settings()) throws {
        self.root = root
        self.settings = settings
        directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Fault.system("open", root, errno: errno) }
        cache = FileCache(limit: settings.cache)
    }

    deinit { close(directory) }

    /// The answer to a GET or HEAD for the file at `path`, relative to the root and decoded. Throws `.notFound`.
    public func response(to request: Request, path: String) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            var response = Response.problem(Fault(.invalidInput, "files can only be read"), status: 405)
            response.headers["Allow"] = "GET, HEAD"
            return response
        }
        guard var name = SitePath.check(path) else { throw notFound(path) }
        if name.isEmpty || name.hasSuffix("/") { name += settings.index }
        let type = MediaTypes.type(of: name)
        let isText = Compression.isCompressible(type)
        let codings = isText ? AcceptEncoding(request.headers["accept-encoding"]).choose(from: ["br", "gzip"]) : []
        do {
            let file = try await find(name, codings)
            return answer(file, request, name, type, varies: isText)
        } catch OpenFile.Missing.isDirectory {
            return Response.redirect(to: SitePath.asDirectory(name), status: 308)
        } catch OpenFile.Missing.notFound {
            throw notFound(path)
        }
    }

    private func find(_ name: String, _ codings: [String]) async throws -> StaticFile {
        let key = codings.joined(separator: ",") + "/" + name
        if let file = cache.find(key, checkedWithin: settings.freshness, of: Loop.now) { return file }
        let (directory, limit, known) = (OpenDirectory(self), settings.smallFile, cache[key])
        do {
            let file = try await BlockingPool.shared.run("read a file") {
                try StaticFile.open(
                    root: directory.descriptor, path: name, codings: codings, inMemoryUpTo: limit, known: known)
            }
            cache.put(key, file, now: Loop.now)
            return file
        } catch {
            cache.remove(key)
            throw error
        }
    }

    /// Keeps the directory open while the pool uses it.
    private struct OpenDirectory: Sendable {
        let owner: StaticFiles
        let descriptor: Int32

        @Loop
        init(_ owner: StaticFiles) {
            self.owner = owner
            descriptor = owner.directory
        }
    }

    private func notFound(_ path: String) -> Fault { Fault(.notFound, "there is no file \(path.prefix(200))") }
}
