import LuaBridge

/// One script as it was read.
public struct ScriptFile: Sendable {
    public enum Origin: String, Sendable { case shipped, owner }

    /// Below the scripts directory, such as "hooks/identify.lua".
    public let name: String
    /// Where it was read.
    public let path: String
    public let origin: Origin
    public let kind: ScriptKind
    public let text: [UInt8]
    /// SHA-256 of the text, in hex.
    public let digest: String
    /// Whether an owner's file stands in the place of a shipped one.
    public var replacesShipped = false
    /// The file's state when it was read; nil when it came from elsewhere.
    var stat: FileStat?

    public init(name: String, path: String, origin: Origin, kind: ScriptKind, text: [UInt8]) {
        self.name = name
        self.path = path
        self.origin = origin
        self.kind = kind
        self.text = text
        digest = Hex.encode(SHA256.hash(text))
    }

    /// What `require` calls it: modules in `lib` by their name alone, others with their directory.
    public var module: String { ScriptFile.module(of: name) }

    static func module(of name: String) -> String {
        let path = name.hasPrefix("lib/") ? name.dropFirst(4) : name[...]
        return String(path.dropLast(4).map { $0 == "/" ? "." : $0 })
    }

    /// Names of scripts; anything else that lies there (specs, editors' swap files, notes) is none.
    static func isScript(_ name: some StringProtocol) -> Bool {
        name.hasSuffix(".lua") && !name.hasSuffix("_spec.lua")
            && name.utf8.first != UInt8(ascii: ".")
            && name.dropLast(4).utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            } && name.utf8.count > 4
    }
}

/// Two are the same when what was read is, however often it was written.
extension ScriptFile: Equatable {
    public static func == (one: ScriptFile, other: ScriptFile) -> Bool {
        one.path == other.path && one.digest == other.digest && one.name == other.name && one.origin == other.origin
            && one.replacesShipped == other.replacesShipped
    }
}

/// All scripts as they were at one moment, the owner's in the place of shipped ones of the same name.
public struct ScriptSet: Sendable, Equatable {
    /// By name, in order.
    public var files: [ScriptFile]
    /// What could not be read.
    public var problems: [ScriptProblem]

    public init(files: [ScriptFile] = [], problems: [ScriptProblem] = []) {
        self.files = files
        self.problems = problems
    }
}

/// One thing that is wrong with a script.
public struct ScriptProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public let script: String
    public let line: Int?
    public let message: String
    public let hint: String?

    public init(_ script: String, line: Int? = nil, _ message: String, hint: String? = nil) {
        self.script = script
        self.line = line
        self.message = message
        self.hint = hint
    }

    /// "hooks/identify.lua:12: what is wrong", as editors and terminals can follow it.
    public var description: String {
        "\(script)\(line.map { ":\($0)" } ?? ""): \(message)"
    }
}

extension ScriptProblem {
    /// From what loading a script threw; messages of Lua begin with the place.
    init(_ error: any Error, in script: String) {
        if let problem = error as? ScriptProblem {
            self = problem
            return
        }
        if let error = error as? LuaError {
            let (place, rest) = ScriptProblem.split(error.message)
            self.init(place?.script ?? error.script ?? script, line: place?.line ?? error.line, rest)
            return
        }
        let fault = Fault(error)
        let (place, rest) = ScriptProblem.split(fault.message)
        self.init(place?.script ?? script, line: place?.line, rest, hint: fault.hint)
    }

    /// "hooks/a.lua:12: what" as its parts.
    private static func split(_ message: String) -> (place: (script: String, line: Int)?, rest: String) {
        let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasSuffix(".lua"), let line = Int(parts[1]) else { return (nil, message) }
        return ((String(parts[0]), line), String(parts[2].drop { $0 == " " }))
    }
}
