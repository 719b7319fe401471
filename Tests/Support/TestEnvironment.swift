import Glibc
import Testing

/// The rule for tests that need something from outside: without it they are skipped with a loud line on a developer's
/// machine, and fail where `CI=true` says that everything must be there.
public enum TestEnvironment {
    public static let isCI = value(of: "CI") == "true"

    /// A Python that has what `Tests/requirements.txt` lists; `make test` makes it.
    public static func python(for subject: String) -> String? {
        require(
            value(of: "PERIGEE_TEST_PYTHON").flatMap { isProgram($0) ? $0 : nil }, subject,
            "PERIGEE_TEST_PYTHON must name a Python with Tests/requirements.txt; `make unit` sets it")
    }

    /// A program on the PATH.
    public static func program(_ name: String, for subject: String) -> String? {
        let directories = (value(of: "PATH") ?? "").split(separator: ":")
        let found = directories.map { "\($0)/\(name)" }.first(where: isProgram)
        return require(found, subject, "\(name) is not installed")
    }

    /// Something that the machine has or has not.
    public static func that(_ isThere: Bool, _ subject: String, _ advice: String) -> Bool {
        require(isThere ? () : nil, subject, advice) != nil
    }

    /// A file of `Tests/Fixtures`.
    public static func fixture(_ path: String) -> String { "\(root)/Tests/Fixtures/\(path)" }

    /// The checkout.
    public static let root: String = {
        let file = "\(#filePath)"
        return String(file[..<file.range(ofLast: "/Tests/")])
    }()

    public static func value(of name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func isProgram(_ path: String) -> Bool { access(path, X_OK) == 0 }

    static func require<Value>(_ value: Value?, _ subject: String, _ advice: String) -> Value? {
        if let value { return value }
        if isCI {
            Issue.record("\(subject) was not tested: \(advice)")
        } else {
            let line = Array("\n*** SKIPPED: \(subject): \(advice)\n\n".utf8)
            // A terminal that takes no more lines has no reader for this one either.
            _ = write(STDERR_FILENO, line, line.count)
        }
        return nil
    }
}

extension String {
    fileprivate func range(ofLast part: String) -> String.Index {
        var last = endIndex
        for index in indices where self[index...].hasPrefix(part) { last = index }
        return last
    }
}
