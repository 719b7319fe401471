import Glibc
import Runtime

/// Reads `.env` files: `NAME=value`, `export NAME=value`, `#` comments, single quotes (as they are) and double quotes
/// (with \n, \t, \", \\ and \$, over several lines). Nothing is expanded or run.
struct EnvFile {
    private var rest: Substring.UnicodeScalarView
    private let path: String
    private var line = 1

    /// The values of the file, or nothing when there is no such file.
    static func read(_ path: String) throws -> [String: String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 && errno == ENOENT { return [:] }
        guard descriptor >= 0 else { throw Fault.system("read", path, errno: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw Fault.system("read", path, errno: errno) }
        guard count < bytes.count, let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw Fault(.invalidInput, "\(path): not a text file of settings")
        }
        return try parse(text, path: path)
    }

    static func parse(_ text: String, path: String) throws -> [String: String] {
        var file = EnvFile(rest: Substring(text).unicodeScalars, path: path)
        return try file.values()
    }

    private mutating func values() throws -> [String: String] {
        var values: [String: String] = [:]
        while !rest.isEmpty {
            skip { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" }
            if rest.first == "#" { skip { $0 != "\n" } }
            guard let first = rest.first, first != "\n" else { continue }
            var name = take { $0 != "=" && $0 != "\n" && $0 != " " }
            if name == "export", rest.first == " " {
                skip { $0 == " " }
                name = take { $0 != "=" && $0 != "\n" && $0 != " " }
            }
            guard rest.first == "=", isName(name) else {
                throw Fault(.invalidInput, "\(path):\(line): expected NAME=value")
            }
            rest.removeFirst()
            values[name] = try value()
        }
        return values
    }

    private mutating func value() throws -> String {
        switch rest.first {
        case "'": return try quoted("'", escapes: false)
        case "\"": return try quoted("\"", escapes: true)
        default:
            var text = take { $0 != "\n" }
            if let comment = text.firstRange(of: " #") { text = String(text[..<comment.lowerBound]) }
            while let last = text.unicodeScalars.last, last == " " || last == "\t" || last == "\r" {
                text.unicodeScalars.removeLast()
            }
            return text
        }
    }

    private mutating func quoted(_ quote: Unicode.Scalar, escapes: Bool) throws -> String {
        let start = line
        rest.removeFirst()
        var text = String.UnicodeScalarView()
        while let scalar = next() {
            if scalar == quote {
                let tail = take { $0 != "\n" }.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
                guard tail.isEmpty || tail.hasPrefix("#") else {
                    throw Fault(.invalidInput, "\(path):\(line): text after the closing quote")
                }
                return String(text)
            }
            if escapes && scalar == "\\" {
                guard let escaped = next() else { break }
                switch escaped {
                case "n": text.append("\n")
                case "t": text.append("\t")
                case "\"", "\\", "$": text.append(escaped)
                default: text.append(contentsOf: ["\\", escaped])
                }
            } else {
                text.append(scalar)
            }
        }
        throw Fault(.invalidInput, "\(path):\(start): the quote is never closed")
    }

    private func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy {
            $0 == 95 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        }
    }

    private mutating func next() -> Unicode.Scalar? {
        let scalar = rest.popFirst()
        if scalar == "\n" { line += 1 }
        return scalar
    }

    private mutating func skip(while condition: (Unicode.Scalar) -> Bool) { _ = take(while: condition) }

    private mutating func take(while condition: (Unicode.Scalar) -> Bool) -> String {
        var taken = String.UnicodeScalarView()
        while let scalar = rest.first, condition(scalar) {
            if scalar == "\n" { line += 1 }
            taken.append(scalar)
            rest.removeFirst()
        }
        return String(taken)
    }
}
