import TestSupport
import Testing

@testable import Runtime

@Suite("differences of texts")
struct LineDifferenceTests {
    @Test(
        "the shortest way from what was expected to what came",
        arguments: [
            ("a", "a", []), ("a", "b", ["- a", "+ b"]), ("a\nb", "a", ["  a", "- b"]), ("a", "a\nb", ["  a", "+ b"]),
            ("a\nb\nc", "a\nc", ["  a", "- b", "  c"]), ("x\na\nb", "a\nb\ny", ["- x", "  a", "  b", "+ y"]),
            ("", "a", ["- ", "+ a"]),
        ])
    func pairs(expected: String, got: String, lines: [String]) {
        #expect(LineDifference.between(expected, got).map(\.description) == lines)
    }

    @Test("equal lines far from any difference are counted, not shown")
    func omission() {
        let left = (1...20).map(String.init)
        var right = left
        right[9] = "ten"
        let lines = LineDifference.between(left.joined(separator: "\n"), right.joined(separator: "\n"))
        #expect(lines.first == .omitted(6))
        #expect(lines.last == .omitted(7))
        #expect(lines.contains(.missing("10")) && lines.contains(.surplus("ten")))
        #expect(lines.count == 10)
    }

    @Test("what is too long to compare is given as different, and nothing of it is lost")
    func length() {
        let left = (0..<1000).map { "left \($0)" }.joined(separator: "\n")
        let right = (0..<900).map { "right \($0)" }.joined(separator: "\n")
        let lines = LineDifference.between(left, right)
        #expect(lines.count { if case .missing = $0 { true } else { false } } == 1000)
        #expect(lines.count { if case .surplus = $0 { true } else { false } } == 900)
    }

    @Test("following the lines gives both texts again", arguments: 0..<20)
    func bothWays(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func text() -> [String] {
            (0..<Int.random(in: 1...12, using: &random)).map { _ in "abc".randomElement(using: &random).map { "\($0)" }!
            }
        }
        let left = text(), right = text()
        let lines = LineDifference.between(left.joined(separator: "\n"), right.joined(separator: "\n"))
        var (back, forth): ([String], [String]) = ([], [])
        for line in lines {
            switch line {
            case .same(let line):
                back.append(line)
                forth.append(line)
            case .missing(let line): back.append(line)
            case .surplus(let line): forth.append(line)
            case .omitted: return
            }
        }
        #expect(lines.isEmpty ? left == right : back == left && forth == right)
    }
}
