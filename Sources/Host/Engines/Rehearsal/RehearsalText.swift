import Glibc
import Runtime

/// What a rehearsal says.
enum RehearsalText {
    static let paragraphs = 24

    static func thought(_ cue: RehearsalCue) -> String {
        "There is no model here, so this thought is a made-up one. The message has \(count(cue.words, "word")), "
            + "and \(count(cue.before, "message")) came before it. First I look at the workspace."
    }

    static func opening(_ cue: RehearsalCue, entries: [String]) -> String {
        let files = cue.files > 0 ? " and \(count(cue.files, "file"))" : ""
        let names = entries.prefix(5).map { "`\($0)`" }.joined(separator: ", ")
        let place =
            entries.isEmpty
            ? "The workspace is empty."
            : "The workspace holds \(names)" + (entries.count > 5 ? " and \(entries.count - 5) more." : ".")
        return "**This is a rehearsal:** no model has answered. Your message has \(count(cue.words, "word"))\(files), "
            + "and \(count(cue.before, "message")) came before it. \(place)\n\n"
    }

    static func paragraph(_ number: Int) -> String {
        "Paragraph \(number) of \(paragraphs). It says nothing, at length, so that one can see how a long answer comes "
            + "in: word by word, while the page stays quick, and without losing its place when the connection breaks "
            + "and comes back. Stop it whenever you like.\n\n"
    }

    static let closing =
        "To connect a real agent, set `OPENCODE_BASE_URL` to a running `opencode serve`, or install `opencode` so that "
        + "it is on the PATH, or give Perigee a Docker socket and a runner image, and start it again. Until then, put "
        + "the words `ask`, `permission`, `fail` or `long` into a message to see what they do.\n"

    /// A text in pieces that give the text again: each word with the space behind it.
    static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        for character in text {
            if !piece.isEmpty, piece.last!.isWhitespace, !character.isWhitespace {
                pieces.append(piece)
                piece = ""
            }
            piece.append(character)
        }
        if !piece.isEmpty { pieces.append(piece) }
        return pieces
    }

    static func words(_ text: String) -> Int { text.split(whereSeparator: \.isWhitespace).count }

    private static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "one \(noun)" : "\(number == 0 ? "no" : "\(number)") \(noun)s"
    }
}

/// The one thing that a rehearsal really does.
enum RehearsalLook {
    /// More would fill the chat.
    static let most = 200

    /// Names in a directory, by name; directories end in a slash. Blocks.
    static func list(_ path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw Fault.system("list", path, errno: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let isDirectory = Int32(entry.pointee.d_type) == Int32(DT_DIR)
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(isDirectory ? "\(name)/" : name) }
        }
        names.sort()
        guard names.count > most else { return names }
        return names.prefix(most) + ["… and \(names.count - most) more"]
    }
}
