/// Reads a TZif file: the second, 64-bit block of it, and the rule behind that.
struct ZoneTable {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard bytes.count >= 44, Array(bytes[0..<4]) == Array("TZif".utf8), bytes[4] >= 50 else { throw broken }
    }

    private struct Header {
        let utcIndicators: Int
        let standardIndicators: Int
        let leapSeconds: Int
        let changes: Int
        let types: Int
        let letters: Int

        func size(timeSize: Int) -> Int {
            changes * timeSize + changes + types * 6 + letters + leapSeconds * (timeSize + 4) + standardIndicators
                + utcIndicators
        }
    }

    func zone(named name: String) throws -> Zone {
        let start = 44 + (try header(at: 0)).size(timeSize: 4)
        let header = try header(at: start)
        let times = start + 44
        let indices = times + header.changes * 8
        let types = indices + header.changes
        let footer = times + header.size(timeSize: 8)
        guard footer < bytes.count, header.types > 0 else { throw broken }

        let changes = try (0..<header.changes).map { index -> Zone.Change in
            let type = Int(bytes[indices + index])
            guard type < header.types else { throw broken }
            return Zone.Change(
                moment: integer(at: times + index * 8, as: Int64.self),
                offset: Int(integer(at: types + type * 6, as: Int32.self)))
        }
        return Zone(
            name: name, firstOffset: Int(integer(at: types, as: Int32.self)), changes: changes,
            rule: ZoneRule(String(decoding: bytes[(footer + 1)...].prefix { $0 != 10 }, as: UTF8.self)))
    }

    private func header(at start: Int) throws -> Header {
        guard start + 44 <= bytes.count else { throw broken }
        func count(_ index: Int) -> Int { Int(integer(at: start + 20 + index * 4, as: UInt32.self)) }
        let header = Header(
            utcIndicators: count(0), standardIndicators: count(1), leapSeconds: count(2), changes: count(3),
            types: count(4), letters: count(5))
        guard header.changes < 10_000, header.types < 256, header.letters < 4096 else { throw broken }
        return header
    }

    private func integer<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
        bytes.withUnsafeBytes { Value(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
    }

    private var broken: Fault { Fault(.internal, "the system's table of this time zone cannot be read") }
}
