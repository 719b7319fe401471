import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("the last good scripts are kept for the next start")
struct LastGoodTests {
    private let directory = TemporaryDirectory()
    private var lastGood: LastGood { LastGood(path: "\(directory.path)/last-good") }

    private static func file(_ name: String, _ text: [UInt8]) -> ScriptFile {
        ScriptFile(name: name, path: "/own/\(name)", origin: .owner, kind: .hook, text: text)
    }

    private static let files = [
        file("hooks/a.lua", Array("return {\n}\n".utf8)), file("hooks/empty.lua", []),
        file("hooks/odd.lua", [0xff, 0x0a, 0x00, 0x22]),
    ]

    @Test("whatever their texts are, they come back as they were")
    func roundTrip() throws {
        #expect(try lastGood.read() == nil)
        try lastGood.write(ScriptSet(files: Self.files))
        let read = try #require(try lastGood.read())
        #expect(read == ScriptSet(files: Self.files))
        #expect(read.files.map(\.text) == Self.files.map(\.text))
    }

    @Test("a file that ends too early is refused, and names itself", arguments: [1, 4, 200])
    func damaged(missing: Int) throws {
        try lastGood.write(ScriptSet(files: Self.files))
        let whole = try FileText.read(lastGood.path, limit: 1 << 20)
        try AtomicFile.write(Array(whole.dropLast(missing)), to: lastGood.path)
        let fault = #expect(throws: Fault.self) { try lastGood.read() }
        #expect(missing > 5 || fault?.message.contains("hooks/odd.lua") == true, "\(String(describing: fault))")
    }

    @Test("what is there already is written only when it is gone")
    func unchanged() throws {
        let set = ScriptSet(files: Self.files)
        try lastGood.write(set)
        let first = FileStat.of(lastGood.path)
        try lastGood.write(set, after: set)
        #expect(FileStat.of(lastGood.path) == first)
        unlink(lastGood.path)
        try lastGood.write(set, after: set)
        #expect(try lastGood.read() == set)
        let other = ScriptSet(files: [Self.file("hooks/b.lua", [0x2d])])
        try lastGood.write(other, after: set)
        #expect(try lastGood.read() == other)
    }

    @Loop
    @Test("of many reloads in a row the newest is kept")
    func newest() async throws {
        let bed = try ScriptBed()
        let kept = LastGood(path: "\(bed.directory.path)/last-good")
        let filling = String(repeating: "-- filling\n", count: 20_000)
        for round in 1...10 {
            bed.write("hooks/leave.lua", "\(filling)return {} -- round \(round)")
            await bed.scripts.reload("test")
        }
        await bed.close()
        let text = try #require(try kept.read()?.files.first?.text)
        #expect(String(decoding: text.suffix(8), as: UTF8.self) == "round 10")
    }
}
