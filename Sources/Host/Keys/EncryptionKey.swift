import Glibc
import Runtime

/// What everything secret in the store is sealed with: `ENCRYPTION_KEY`, or a file of the state directory.
struct EncryptionKey: Sendable {
    let sealer: Sealer
    /// As it is written, for the redactor.
    let base64: Secret

    private static let mark = "encryption_key"

    init(_ key: SealingKey) throws {
        sealer = try Sealer(key)
        base64 = key.base64
    }

    /// A key of its own for another purpose, so that one use tells nothing about the other.
    func derived(for purpose: String) -> Secret {
        Secret(HMACSHA256.code(for: Array("perigee: \(purpose)".utf8), key: base64))
    }

    /// Tells this key from others, and nothing about it.
    var fingerprint: String { derived(for: "fingerprint").withBytes { Hex.encode($0.prefix(8)) } }

    /// Reads the key, or makes one for a store that has none yet. A store opens only with the key it was begun with.
    @Loop
    static func open(_ setting: String, file: String, store: Store) async throws -> EncryptionKey {
        let known = try await store.read { try $0.first(KeysQueries.mark, mark) }
        let key = try await BlockingPool.shared.run("reading the encryption key") {
            if !setting.isEmpty { return try SealingKey(base64: Secret(setting)) }
            return try EncryptionKey.read(file) ?? EncryptionKey.make(file, isFirst: known == nil)
        }
        let opened = try EncryptionKey(key)
        guard let known else {
            let fingerprint = opened.fingerprint
            try await store.write { try $0.run(KeysQueries.setMark, mark, fingerprint) }
            return opened
        }
        guard ConstantTime.equal(known, opened.fingerprint) else {
            let origin = setting.isEmpty ? file : "ENCRYPTION_KEY"
            throw Fault(
                .conflict, "\(origin) is not the key that this state was sealed with", hint: EncryptionKey.advice)
        }
        return opened
    }

    private static let advice = "give back the former key, or begin anew with another STATE_DIR"

    private static func read(_ file: String) throws -> SealingKey? {
        let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw Fault.system("read", file, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Fault.system("read", file, errno: errno) }
        guard status.st_mode & 0o077 == 0 else {
            throw Fault(.denied, "\(file) is open to other users", hint: "chmod 600 \(file)")
        }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw Fault.system("read", file, errno: errno) }
        let text = String(decoding: bytes[..<count], as: UTF8.self).filter { $0 != "\n" }
        do {
            return try SealingKey(base64: Secret(text))
        } catch {
            throw Fault(.invalidInput, "\(file): \(Fault(error).message)", hint: advice)
        }
    }

    private static func make(_ file: String, isFirst: Bool) throws -> SealingKey {
        guard isFirst else {
            throw Fault(.notFound, "\(file) is missing, and this state was sealed with it", hint: advice)
        }
        let key = SealingKey.random()
        try AtomicFile.write(Array("\(key.base64.reveal())\n".utf8), to: file, mode: 0o600)
        return key
    }
}
