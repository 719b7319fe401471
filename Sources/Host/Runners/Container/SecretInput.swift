import Runtime

/// Gives a container variables that neither `docker inspect` nor its log shows: a shell reads them from its standard input,
/// once, and becomes the program.
enum SecretInput {
    /// Takes lines of `NAME='value'` up to a full stop. `$N` stands for a line's end in a value.
    static let script = """
        N='
        '
        while IFS= read -r L && [ "$L" != . ]; do eval "export $L"; done
        unset L N
        exec "$@" </dev/null
        """

    /// What comes before the program: its words are `$@`.
    static let entryPoint = ["/bin/sh", "-c", script, "sh"]

    /// What is sent. Names that a shell cannot have are refused.
    static func lines(_ secrets: [String: Secret]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) {
            guard isName(name), secret.withBytes({ !$0.contains(0) }) else {
                throw Fault(
                    .invalidInput, "`\(name)` cannot be a variable of a runner: its name or value has no such form")
            }
            bytes += Array("\(name)='".utf8)
            secret.withBytes { value in
                for byte in value {
                    switch byte {
                    case 39: bytes += Array(#"'\''"#.utf8)
                    case 10: bytes += Array(#"'"$N"'"#.utf8)
                    default: bytes.append(byte)
                    }
                }
            }
            bytes += [39, 10]
        }
        return bytes + [46, 10]
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first == 95 || (65...90).contains(first & 0xdf) else { return false }
        return name.utf8.allSatisfy { $0 == 95 || (48...57).contains($0) || (65...90).contains($0 & 0xdf) }
    }
}
