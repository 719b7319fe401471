/// What git asks a credential helper, and how it is answered: lines of `key=value`, ended by an empty one.
struct CredentialRequest: Sendable, Equatable {
    var scheme = ""
    var host = ""
    var path = ""

    static let limit = 16 << 10

    init(_ bytes: [UInt8]) {
        for line in bytes.split(separator: 10) {
            let parts = String(decoding: line, as: UTF8.self).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "protocol": scheme = String(parts[1])
            case "host": host = String(parts[1])
            case "path": path = String(parts[1])
            default: break
            }
        }
    }

    /// Nil where a value would end its line, and so could say something else.
    static func answer(_ login: GitLogin) -> [UInt8]? {
        let text = "username=\(login.user)\npassword=\(login.password.reveal())\n"
        return text.utf8.count { $0 == 10 || $0 == 13 || $0 == 0 } == 2 ? Array(text.utf8) : nil
    }
}
