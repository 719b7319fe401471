import Testing

@testable import Runtime

@Suite("gzip")
struct GzipTests {
    @Test("what was compressed comes back, at every level and size, whole and in pieces", arguments: 1...9)
    func roundTrip(_ level: Int) throws {
        var random = SeededGenerator(seed: UInt64(level))
        for size in [0, 1, 100, 32_768, 200_000] {
            let bytes = (0..<size).map { $0 % 3 == 0 ? UInt8.random(in: 0...255, using: &random) : 65 }
            let packed = Gzip.compress(bytes, level: level)
            #expect(packed.starts(with: [0x1f, 0x8b]))
            #expect(try Gzip.expand(packed, limit: size) == bytes)
            let inflater = Inflater(limit: size)
            var content: [UInt8] = []
            for start in stride(from: 0, to: packed.count, by: 777) {
                content += try inflater.take(Array(packed[start..<min(start + 777, packed.count)]))
            }
            try inflater.finish()
            #expect(content == bytes)
        }
    }

    @Test("a few bytes that claim to be many are stopped at the limit")
    func bomb() {
        let bomb = Gzip.compress(Array(repeating: 0, count: 20 << 20), level: 9)
        #expect(bomb.count < 40_000)
        let fault = #expect(throws: Fault.self) { try Gzip.expand(bomb, limit: 1 << 20) }
        #expect(fault?.kind == .tooLarge)
    }

    @Test("content of exactly the limit is within it, one byte more is not", arguments: [1, 32_767, 32_768, 65_536])
    func exactLimit(_ size: Int) {
        let packed = Gzip.compress(Array(repeating: 7, count: size))
        #expect(throws: Never.self) { try Gzip.expand(packed, limit: size) }
        #expect(throws: Fault.self) { try Gzip.expand(packed, limit: size - 1) }
    }

    @Test("damaged, cut off and empty streams are errors, and stay so")
    func damaged() throws {
        let packed = Gzip.compress(Array("some text that is long enough to be compressed, compressed, compressed".utf8))
        for cut in 0..<packed.count {
            #expect(throws: Fault.self) { try Gzip.expand(Array(packed[..<cut]), limit: 1000) }
        }
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        #expect(throws: Fault.self) { try Gzip.expand(damaged, limit: 1000) }
        #expect(throws: Fault.self) { try Gzip.expand(packed + [1, 2, 3], limit: 1000) }
        let inflater = Inflater(limit: 1000)
        #expect(throws: Fault.self) { try inflater.take([1, 2, 3, 4]) }
        #expect(throws: Fault.self) { try inflater.take(packed) }
        #expect(throws: Fault.self) { try inflater.finish() }
    }

    @Test("several members are one content, and zlib's own form is read too")
    func members() throws {
        let two = Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
        #expect(try Gzip.expand(two, limit: 100) == Array("one two".utf8))
        let zlib: [UInt8] = [0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27]
        #expect(try Gzip.expand(zlib, limit: 100) == Array("abc".utf8))
    }

    @Test("no bytes whatever crash it")
    func noise() {
        var random = SeededGenerator(seed: 1952)
        let packed = Gzip.compress((0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        for _ in 0..<2000 {
            var noise = packed
            for _ in 0..<3 {
                noise[Int.random(in: 0..<noise.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            // Either outcome is right; what matters is that there is one.
            if let content = try? Gzip.expand(noise, limit: 10_000) { #expect(content.count <= 10_000) }
        }
    }

    @Test(
        "what the client accepts decides, by its qualities and then by our order",
        arguments: [
            (nil, []), ("", []), ("gzip", ["gzip"]), ("gzip, br", ["br", "gzip"]), ("br;q=0.5, gzip", ["gzip", "br"]),
            ("gzip;q=0", []), ("*", ["br", "gzip"]), ("*;q=0, gzip", ["gzip"]), ("br;q=0, *", ["gzip"]),
            ("GZIP ; Q=0.9", ["gzip"]), ("x-gzip", ["gzip"]), ("identity, gzip;q=0.5", []),
            ("identity;q=0.5, gzip;q=0.5", ["gzip"]), ("deflate, zstd", []), ("gzip;q=2", []),
            ("gzip;q=0.001", ["gzip"]),
            ("gzip;q=abc", []), (",,;q=1, gzip", ["gzip"]), ("gzip;q=1.000", ["gzip"]),
            ("gzip;level=9;q=0.4", ["gzip"]),
        ] as [(String?, [String])])
    func negotiation(_ field: String?, _ chosen: [String]) {
        #expect(AcceptEncoding(field).choose(from: ["br", "gzip"]) == chosen)
    }
}
