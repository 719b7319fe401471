/// A step of long work, as git tells it.
public struct GitProgress: Sendable, Equatable {
    /// `Receiving objects`, for people.
    public let phase: String
    public let done: Int
    public let total: Int
    public let percent: Int

    /// One line of git's progress, such as `Receiving objects:  42% (420/1000), 1.2 MiB | 3 MiB/s`.
    init?(_ line: Substring) {
        var line = line
        if line.hasPrefix("remote: ") { line = line.dropFirst(8) }
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let rest = line[line.index(after: colon)...].drop { $0 == " " }
        guard let sign = rest.firstIndex(of: "%"), let percent = Int(rest[..<sign]), 0...100 ~= percent,
            let open = rest.firstIndex(of: "("), let close = rest.firstIndex(of: ")"), open < close
        else { return nil }
        let counts = rest[rest.index(after: open)..<close].split(separator: "/")
        guard counts.count == 2, let done = Int(counts[0]), let total = Int(counts[1]), done <= total else {
            return nil
        }
        phase = String(line[..<colon])
        self.done = done
        self.total = total
        self.percent = percent
    }
}

/// Takes git's messages apart as they come: lines that end with a carriage return are progress that the next replaces.
struct GitProgressReader {
    private var line: [UInt8] = []
    private var kept: [String] = []
    private var last: GitProgress?

    /// A line that never ends, and words without end, are cut.
    private static let longestLine = 4096
    private static let mostLines = 200

    mutating func read(_ bytes: [UInt8]) -> [GitProgress] {
        var found: [GitProgress] = []
        for byte in bytes {
            guard byte == 10 || byte == 13 else {
                if line.count < GitProgressReader.longestLine { line.append(byte) }
                continue
            }
            if let progress = end(), progress != last {
                last = progress
                found.append(progress)
            }
        }
        return found
    }

    private mutating func end() -> GitProgress? {
        let text = String(decoding: line, as: UTF8.self)
        line = []
        if let progress = GitProgress(text[...]) { return progress }
        if !text.isEmpty, kept.count < GitProgressReader.mostLines { kept.append(text) }
        return nil
    }

    /// What was said that is no progress.
    var words: String { (kept + [String(decoding: line, as: UTF8.self)]).joined(separator: "\n") }
}
