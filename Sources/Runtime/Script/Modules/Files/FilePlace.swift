import Glibc

/// A path as scripts write it, `root:directory/file`, taken apart and checked. Symbolic links the kernel checks.
struct FilePlace: Sendable, Equatable {
    /// In each root: what was removed and may still come back. Scripts see it by `fs.trash` only.
    static let trash = ".trash"

    let root: FileRoot
    /// Empty for the root itself.
    let parts: [String]

    init(_ root: FileRoot, _ parts: [String]) {
        self.root = root
        self.parts = parts
    }

    init(_ text: String, in roots: [FileRoot]) throws {
        let known = roots.map { "\($0.name):" }.joined(separator: ", ")
        guard let colon = text.firstIndex(of: ":") else {
            throw Fault(
                .invalidInput, "the path \"\(text.prefix(80))\" does not begin with a root",
                hint: known.isEmpty ? "no roots are declared" : "roots are \(known) as in \(roots[0].name):notes.txt")
        }
        let name = String(text[..<colon])
        guard let root = roots.first(where: { $0.name == name }) else {
            let near = NearestName.of(name, among: roots.map(\.name)).map { "did you mean \"\($0):\"?" }
            throw Fault(.notFound, "there is no root \"\(name.prefix(80)):\"", hint: near ?? "roots are \(known)")
        }
        self.root = root
        let rest = text[text.index(after: colon)...]
        parts = rest.isEmpty ? [] : rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        for part in parts { try FilePlace.check(part, of: text) }
        if parts.first == FilePlace.trash {
            throw Fault(.denied, "the path \"\(text)\" leads into the trash", hint: "fs.trash() lists what is there")
        }
    }

    private static func check(_ part: String, of text: String) throws {
        let complaint: String
        switch part {
        case "..": complaint = "leads upwards"
        case "": complaint = "has a slash too many: what follows the root is relative"
        case ".": complaint = "has a step that leads nowhere"
        case _ where part.utf8.count > 255: complaint = "has a name of more than 255 bytes"
        case _ where part.utf8.contains(0): complaint = "holds a NUL"
        default: return
        }
        throw Fault(part == ".." ? .denied : .invalidInput, "the path \"\(text.prefix(80))\" \(complaint)")
    }

    var text: String { "\(root.name):\(parts.joined(separator: "/"))" }
    /// For the kernel, from the root on.
    var relative: String { parts.isEmpty ? "." : parts.joined(separator: "/") }
    var directory: FilePlace { FilePlace(root, parts.dropLast()) }

    func with(_ name: String) -> FilePlace { FilePlace(root, parts + [name]) }

    /// The same place when it may be changed.
    func writable() throws -> FilePlace {
        guard root.isWritable else { throw Fault(.denied, "\(text): scripts may only read in \(root.name):") }
        return self
    }

    /// The same place when it is not the root itself.
    func inside() throws -> FilePlace {
        guard !parts.isEmpty else { throw Fault(.invalidInput, "\(text) is a root, not a file or directory in it") }
        return self
    }

    /// What the kernel said about it.
    func fault(_ call: String, errno code: Int32) -> Fault {
        switch code {
        case ELOOP: Fault(.denied, "\(call) \(text): a symbolic link is in the way, and scripts follow none")
        case EXDEV: Fault(.denied, "\(call) \(text): it leads out of its root, or to another file system")
        default: .system(call, text, errno: code)
        }
    }
}
