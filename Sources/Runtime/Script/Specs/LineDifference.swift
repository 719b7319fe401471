/// One line of a comparison of two texts.
public enum LineDifference: Sendable, Equatable, CustomStringConvertible {
    case same(String)
    /// Expected, and not there.
    case missing(String)
    /// There, and not expected.
    case surplus(String)
    /// Equal lines that are left out.
    case omitted(Int)

    /// As it is printed: "  ", "- " or "+ " in front.
    public var description: String {
        switch self {
        case .same(let line): "  \(line)"
        case .missing(let line): "- \(line)"
        case .surplus(let line): "+ \(line)"
        case .omitted(let count): "  … \(count) equal lines"
        }
    }

    /// Above this many lines on a side the comparison, whose cost is their product, takes the rest as different.
    private static let limit = 400
    /// Equal lines shown around each difference.
    private static let context = 3

    /// The shortest way from one text to the other, with most of what is equal left out.
    public static func between(_ expected: String, _ got: String) -> [LineDifference] {
        let left = expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let right = got.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = zip(left, right).prefix { $0 == $1 }.count
        let a = Array(left[start...].prefix(limit)), b = Array(right[start...].prefix(limit))
        var lines = left[..<start].map { LineDifference.same($0) }
        lines += walk(a, b, lengths(a, b))
        lines += left[(start + a.count)...].map { .missing($0) } + right[(start + b.count)...].map { .surplus($0) }
        return shortened(lines)
    }

    /// `table[i][j]` is the length of the longest common part of what follows line i and line j.
    private static func lengths(_ a: [String], _ b: [String]) -> [[Int]] {
        var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in a.indices.reversed() {
            for j in b.indices.reversed() {
                table[i][j] = a[i] == b[j] ? table[i + 1][j + 1] + 1 : max(table[i + 1][j], table[i][j + 1])
            }
        }
        return table
    }

    private static func walk(_ a: [String], _ b: [String], _ common: [[Int]]) -> [LineDifference] {
        var lines: [LineDifference] = []
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if i < a.count, j < b.count, a[i] == b[j] {
                lines.append(.same(a[i]))
                (i, j) = (i + 1, j + 1)
            } else if i < a.count, j == b.count || common[i + 1][j] >= common[i][j + 1] {
                lines.append(.missing(a[i]))
                i += 1
            } else {
                lines.append(.surplus(b[j]))
                j += 1
            }
        }
        return lines
    }

    private static func shortened(_ lines: [LineDifference]) -> [LineDifference] {
        var isNear = [Bool](repeating: false, count: lines.count)
        for (index, line) in lines.enumerated() {
            if case .same = line { continue }
            for near in max(0, index - context)...min(lines.count - 1, index + context) { isNear[near] = true }
        }
        var result: [LineDifference] = []
        var omitted = 0
        for (index, line) in lines.enumerated() {
            if isNear[index] {
                if omitted > 0 { result.append(.omitted(omitted)) }
                omitted = 0
                result.append(line)
            } else {
                omitted += 1
            }
        }
        if omitted > 0, !result.isEmpty { result.append(.omitted(omitted)) }
        return result
    }
}
