import Glibc
import Runtime
import Testing

/// Rules of the house that no compiler checks.
@Suite("house rules")
struct HouseTests {
    @Test("a C library's symbols stay in the one room that wraps it")
    func librariesStayHome() throws {
        let homes = [
            ("import CLua", "Sources/LuaBridge/"), ("import CCurl", "Sources/Runtime/Net/"),
            ("import CSQLite", "Sources/Runtime/Store/"), ("import CHTTP", "Sources/Runtime/Web/"),
            ("import CWslay", "Sources/Runtime/Web/"), ("import CCrypto", "Sources/Runtime/Crypto/"),
        ]
        for (path, text) in try sources() {
            for (mark, home) in homes where text.contains(mark) {
                #expect(path.hasPrefix(home), "\(path) has `\(mark)`, which belongs in \(home)")
            }
        }
    }

    @Test("imports point one way: Host, Runtime, LuaBridge")
    func layers() throws {
        for (path, text) in try sources() {
            if path.hasPrefix("Sources/LuaBridge/") { #expect(!text.contains("import Runtime"), "\(path)") }
            #expect(!text.contains("import Foundation"), "\(path): Foundation costs memory and start-up time")
            if path.hasPrefix("Sources/Host/") { #expect(!text.contains("import LuaBridge"), "\(path)") }
        }
    }

    @Test("nothing visits another thread behind the loop's back")
    func loopOnly() throws {
        let strangers = [
            "Task.yield(", "Task.sleep(", "AsyncStream", "Task.detached", "Task.immediate", "import Dispatch",
        ]
        for (path, text) in try sources() {
            for stranger in strangers { #expect(!text.contains(stranger), "\(path) uses \(stranger)") }
        }
    }

    @Test("files stay small enough to be read in one go")
    func fileSizes() throws {
        let sizes = try sources().map {
            (path: $0.path, lines: $0.text.split(separator: "\n", omittingEmptySubsequences: false).count)
        }
        for (path, lines) in sizes { #expect(lines <= 500, "\(path) has \(lines) lines") }
        let median = sizes.map(\.lines).sorted()[sizes.count / 2]
        #expect(median <= 150)
    }

    @Test("nothing promises later work, and every lost error says why")
    func promises() throws {
        let marks = ["TODO", "FIXME", "XXX"]
        for (path, text) in try sources() {
            for mark in marks { #expect(!text.contains(mark), "\(path) has \(mark)") }
            var before = ""
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.contains(/\btry\?/) {
                    #expect(before.contains("//"), "\(path): `\(line)` needs a comment above it")
                }
                before = String(line)
            }
        }
    }

    private func sources() throws -> [(path: String, text: String)] {
        var found: [(String, String)] = []
        try walk("Sources") { path in
            if path.hasSuffix(".swift") { found.append((path, try Fixture.read(path))) }
        }
        #expect(found.count > 20, "the sources were not found")
        return found
    }

    private func walk(_ path: String, _ visit: (String) throws -> Void) throws {
        guard let directory = opendir("\(Fixture.root)/\(path)") else { return try visit(path) }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { try walk("\(path)/\(name)", visit) }
        }
    }
}
