import Testing

@testable import Runtime

@Suite("UTF-8 in pieces")
struct UTF8CheckTests {
    @Test("it agrees with Swift on every sequence of two bytes and on random ones, however they are cut")
    func agrees() {
        var random = SeededGenerator(seed: 6455)
        for value in 0..<65536 { check([UInt8(value >> 8), UInt8(value & 255)], cut: 1) }
        let interesting: [UInt8] = [
            0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf3, 0xf4,
            0xf5,
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...24, using: &random)
            let bytes = (0..<count).map { _ in interesting.randomElement(using: &random)! }
            check(bytes, cut: Int.random(in: 0...count, using: &random))
        }
        let text = Array("Ordinary text with an ö and a 漢字 and 😀, longer than eight bytes".utf8)
        for cut in 0...text.count { check(text, cut: cut) }
    }

    @Test("the first byte that cannot be right is noticed, not the end of the text")
    func failsFast() {
        var check = UTF8Check()
        #expect([UInt8](arrayLiteral: 0x41, 0xf0).withUnsafeBytes { check.take($0) })
        #expect(![UInt8(0x8f)].withUnsafeBytes { check.take($0) }, "F0 8F could only be an overlong form")
    }

    private func check(_ bytes: [UInt8], cut: Int) {
        var check = UTF8Check()
        let isTaken =
            Array(bytes[..<cut]).withUnsafeBytes { check.take($0) }
            && Array(bytes[cut...]).withUnsafeBytes { check.take($0) }
        let isText = String(validating: bytes, as: UTF8.self) != nil
        #expect((isTaken && check.isComplete) == isText, "\(bytes) cut at \(cut)")
    }
}
