import Glibc
import Testing

@testable import Runtime

@Suite("static files")
@Loop
struct StaticFilesTests {
    private let directory = TemporaryDirectory()

    @Test("a file comes with its type, tag, time and length")
    func plain() async throws {
        directory.write("<p>hello", to: "index.html")
        let answer = try await get("/f/index.html")
        #expect(answer.status == 200 && answer.body == "<p>hello")
        #expect(answer.field("content-type") == "text/html; charset=utf-8")
        #expect(answer.field("cache-control") == "no-cache")
        #expect(answer.field("x-content-type-options") == "nosniff")
        #expect(answer.field("accept-ranges") == "bytes")
        #expect(answer.field("last-modified").flatMap(HTTPDate.seconds) != nil)
        #expect(try await get("/f/").body == "<p>hello", "the index answers for its directory")
        #expect(try await get("/f/index.html", "If-None-Match: \(answer.field("etag") ?? "")\r\n").status == 304)
        #expect(try await get("/f/index.html", "If-Match: \"other\"\r\n").status == 412)
        #expect(
            try await get("/f/index.html", "If-Modified-Since: \(answer.field("last-modified") ?? "")\r\n").status
                == 304)
    }

    @Test("HEAD says what GET would, without the content")
    func head() async throws {
        directory.write("0123456789", to: "a.txt")
        let harness = try harness()
        let client = try await harness.exchange(
            "HEAD /f/a.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nConnection: close\r\n\r\n")
        #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(client.text.contains("\r\nContent-Length: 10\r\n"))
        #expect(client.text.hasSuffix("\r\n\r\n"))
        await harness.stop()
    }

    @Test("parts of small and of large files", arguments: [false, true])
    func ranges(_ isLarge: Bool) async throws {
        directory.write("0123456789", to: "a.txt")
        let answer = try await get("/f/a.txt", "Range: bytes=2-4\r\n", smallFile: isLarge ? 0 : 1000)
        #expect(answer.status == 206 && answer.body == "234")
        #expect(answer.field("content-range") == "bytes 2-4/10")
        #expect(answer.field("content-length") == "3")
        let outside = try await get("/f/a.txt", "Range: bytes=10-\r\n", smallFile: isLarge ? 0 : 1000)
        #expect(outside.status == 416 && outside.field("content-range") == "bytes */10")
        let several = try await get("/f/a.txt", "Range: bytes=0-1,4-5\r\n", smallFile: isLarge ? 0 : 1000)
        #expect(several.status == 200 && several.body == "0123456789")
        let stale = try await get(
            "/f/a.txt", "Range: bytes=2-4\r\nIf-Range: \"old\"\r\n", smallFile: isLarge ? 0 : 1000)
        #expect(stale.status == 200)
    }

    @Test("nothing outside the root and no dot file is served, whichever way is tried")
    func outside() async throws {
        mkdir("\(directory.path)/public", 0o755)
        mkdir("\(directory.path)/public/.git", 0o755)
        for (name, text) in [("secret", "s"), ("public/.env", "s"), ("public/.git/config", "s"), ("public/ok", "fine")]
        {
            directory.write(text, to: name)
        }
        symlink("../secret", "\(directory.path)/public/out")
        symlink("\(directory.path)/secret", "\(directory.path)/public/absolute")
        symlink("..", "\(directory.path)/public/up")
        symlink("ok", "\(directory.path)/public/inside")
        symlink("loop", "\(directory.path)/public/loop")
        mkfifo("\(directory.path)/public/pipe", 0o644)
        let harness = try harness(root: "public")
        for path in [
            "out", "absolute", "up/secret", ".env", ".git/config", "loop", "pipe", "nothing", "%2e%2e/secret",
            "..%2fsecret",
            "ok/", "ok/x", "%00", "ok%00.txt", "//etc/passwd",
        ] {
            let answer = try await harness.get("/f/\(path)")
            #expect(answer.status == 404 || answer.status == 400, "\(path) got \(answer.status)")
            #expect(answer.body != "s")
        }
        #expect(try await harness.get("/f/inside").body == "fine", "a link within the root is followed")
        await harness.stop()
    }

    @Test("a directory without its slash is pointed to the one with it")
    func redirect() async throws {
        mkdir("\(directory.path)/docs", 0o755)
        directory.write("docs", to: "docs/index.html")
        let harness = try harness()
        let answer = try await harness.get("/f/docs")
        #expect(answer.status == 308 && answer.field("location") == "./docs/")
        #expect(try await harness.get("/f/docs/").body == "docs")
        await harness.stop()
    }

    @Test("the packed form beside a file goes to who can read it, unless it is older than the file")
    func packed() async throws {
        directory.write("plain", to: "a.js")
        directory.write("brotli", to: "a.js.br")
        directory.write("gzip", to: "a.js.gz")
        let harness = try harness()
        func answer(_ accepted: String) async throws -> Answer {
            try await harness.get("/f/a.js", "Accept-Encoding: \(accepted)\r\n")
        }
        let brotli = try await answer("gzip, br")
        #expect(brotli.body == "brotli" && brotli.field("content-encoding") == "br")
        #expect(brotli.field("content-type") == "text/javascript; charset=utf-8")
        let gzip = try await answer("gzip, br;q=0.5")
        #expect(gzip.body == "gzip" && gzip.field("content-encoding") == "gzip")
        let plain = try await harness.get("/f/a.js")
        #expect(plain.body == "plain" && plain.field("content-encoding") == nil)
        #expect(Set([brotli, gzip, plain].map { $0.field("etag") ?? "" }).count == 3)
        for each in [brotli, gzip, plain] { #expect(each.field("vary") == "Accept-Encoding") }
        await harness.stop()
        age("a.js.br")
        #expect(try await get("/f/a.js", "Accept-Encoding: br\r\n").body == "plain")
    }

    @Test("small text without a packed form is packed here")
    func packsItself() async throws {
        let text = String(repeating: "text ", count: 1000)
        directory.write(text, to: "a.txt")
        let harness = try harness()
        let client = try await harness.exchange(
            "GET /f/a.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        let end = try #require(
            client.received.indices.first { client.received[$0...].starts(with: Array("\r\n\r\n".utf8)) })
        #expect(client.text.contains("Content-Encoding: gzip"))
        #expect(try Gzip.expand(Array(client.received[(end + 4)...]), limit: 5000) == Array(text.utf8))
        await harness.stop()
    }

    @Test("a change on disk is served once the cache has looked again")
    func change() async throws {
        directory.write("old", to: "a.txt")
        let harness = try harness(freshness: .zero)
        let first = try await harness.get("/f/a.txt")
        directory.write("newer", to: "a.txt")
        let second = try await harness.get("/f/a.txt")
        #expect(first.body == "old" && second.body == "newer")
        #expect(first.field("etag") != second.field("etag"))
        unlink("\(directory.path)/a.txt")
        #expect(try await harness.get("/f/a.txt").status == 404)
        await harness.stop()
    }

    @Test("within its freshness a file comes from memory")
    func fromMemory() async throws {
        directory.write("old", to: "a.txt")
        let harness = try harness(freshness: .seconds(3600))
        _ = try await harness.get("/f/a.txt")
        directory.write("new", to: "a.txt")
        #expect(try await harness.get("/f/a.txt").body == "old")
        await harness.stop()
    }

    @Test("a large file arrives whole, to a slow reader too")
    func large() async throws {
        let text = String(repeating: "0123456789abcdef", count: 100_000)
        directory.write(text, to: "large.bin")
        let harness = try harness()
        let client = try harness.client(receiveBuffer: 4096)
        client.pauseReading()
        client.send("GET /f/large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for _ in 0..<50 { await Loop.yield() }
        client.resumeReading()
        try await client.untilEnd()
        #expect(client.answers.first?.body == text)
        await harness.stop()
    }

    @Test("a file cut while it is sent breaks the answer instead of completing it with something else")
    func cutMidway() async throws {
        directory.write(String(repeating: "x", count: 8 << 20), to: "large.bin")
        let harness = try harness()
        let client = try harness.client(receiveBuffer: 4096)
        client.pauseReading()
        client.send("GET /f/large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        client.resumeReading()
        try await client.until { $0.receivedCount > 1000 }
        client.pauseReading()
        truncate("\(directory.path)/large.bin", 100)
        client.resumeReading()
        try await client.untilEnd()
        #expect(client.answers.first?.isWhole == false)
        #expect(harness.faults.contains { $0.message.contains("changed") })
        await harness.stop()
    }

    @Test("the memory for files is bounded, and what was used last stays")
    func cacheBound() throws {
        directory.write(String(repeating: "x", count: 1000), to: "a")
        let file = try OpenFile(root: open(directory.path, O_RDONLY | O_DIRECTORY), path: "a")
        var cache = FileCache(limit: 4000)
        let entry = StaticFile.inMemory(file.identity, try file.read(0..<1000))
        for name in ["a", "b", "c"] { cache.put(name, entry, now: Loop.now) }
        let found = cache.find("a", checkedWithin: .seconds(3600), of: Loop.now)
        #expect(found != nil)
        cache.put("d", entry, now: Loop.now)
        #expect(cache["b"] == nil && cache["a"] != nil && cache["d"] != nil)
        #expect(cache.bytes <= 4000)
    }

    @Test("a root that is none is an error that names it")
    func noRoot() {
        let fault = #expect(throws: Fault.self) { try StaticFiles(root: "\(directory.path)/nothing") }
        #expect(fault?.message.contains("/nothing") == true)
    }

    private func harness(root: String = "", smallFile: Int = 1000, freshness: Duration = .seconds(1)) throws
        -> WebHarness
    {
        var settings = StaticFiles.Settings()
        settings.smallFile = smallFile == 1000 ? 256 << 10 : smallFile
        settings.freshness = freshness
        let files = try StaticFiles(root: "\(directory.path)/\(root)", settings: settings)
        return try WebHarness { router in
            router.on(.get, "/f/{path...}") { request in
                try await files.response(to: request, path: request.parameters["path"] ?? "")
            }
        }
    }

    private func get(_ path: String, _ fields: String = "", smallFile: Int = 1000) async throws -> Answer {
        let harness = try harness(smallFile: smallFile)
        let answer = try await harness.get(path, fields)
        await harness.stop()
        return answer
    }

    /// Sets a file's time of change to the past.
    private func age(_ name: String) {
        var times = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
        utimensat(AT_FDCWD, "\(directory.path)/\(name)", &times, 0)
    }
}
