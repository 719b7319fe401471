import Runtime

/// An authority of the test's own, in a directory: `ca.pem`, and `cert.pem` with `key.pem` for localhost and 127.0.0.1, of a
/// server as of a client.
public enum TestAuthority {
    @Loop
    public static func make(in directory: String) async throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        func file(_ name: String) -> String { "\(directory)/\(name)" }
        try await openssl(
            ["req", "-x509"] + key + ["-subj", "/CN=Test authority", "-keyout", file("ca.key"), "-out", file("ca.pem")])
        try await openssl(
            ["req", "-x509"] + key + [
                "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-CA", file("ca.pem"),
                "-CAkey", file("ca.key"), "-keyout", file("key.pem"), "-out", file("cert.pem"),
            ])
    }

    @Loop
    private static func openssl(_ arguments: [String]) async throws {
        let done = try await Subprocess.run(["/usr/bin/openssl"] + arguments)
        guard done.succeeded else { throw Fault(.internal, "openssl \(arguments[0]): \(done.errorText)") }
    }
}
