import Glibc

/// What of the system a sandboxed program may read.
enum SystemFiles {
    /// Programs and libraries. Not /opt, /srv and /var: people keep their own things there.
    private static let programs = ["/usr", "/nix/store", "/gnu/store"]
    /// Directories at the top that are links into /usr on most systems.
    private static let merged = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]
    /// Names, not all of /etc: there are keys and hashes of passwords in it.
    private static let settings = [
        "alternatives", "bash.bashrc", "ca-certificates", "ca-certificates.conf", "debian_version", "environment",
        "fonts", "gai.conf", "gitconfig", "group", "host.conf", "hosts", "inputrc", "ld.so.cache",
        "ld.so.conf", "ld.so.conf.d", "locale.alias", "localtime", "magic", "mime.types", "networks", "nsswitch.conf",
        "os-release", "passwd", "pki/ca-trust/extracted", "pki/tls/certs", "profile", "profile.d", "protocols",
        "python3", "resolv.conf", "rpc", "services", "shells", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
    ]

    static var arguments: [String] {
        programs.flatMap { ["--ro-bind-try", $0, $0] } + merged.flatMap(top)
            + settings.flatMap { ["--ro-bind-try", "/etc/\($0)", "/etc/\($0)"] }
    }

    private static func top(_ path: String) -> [String] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        guard status.st_mode & S_IFMT == S_IFLNK else { return ["--ro-bind", path, path] }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? ["--symlink", String(decoding: buffer[..<count], as: UTF8.self), path] : []
    }

    /// Whether a path is seen in a sandbox anyway.
    static func shows(_ path: String) -> Bool {
        (programs + merged).contains { path == $0 || path.hasPrefix("\($0)/") }
    }
}
