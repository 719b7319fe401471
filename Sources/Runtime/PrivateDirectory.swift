import Glibc

/// A new directory in /tmp that only this user can enter.
enum PrivateDirectory {
    static func make(_ name: String) throws -> String {
        var template = Array("/tmp/\(name)-\(String(repeating: "X", count: 6))".utf8CString)
        guard mkdtemp(&template) != nil else { throw Fault.system("create", "a directory in /tmp", errno: errno) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
