internal import CCrypto

/// A key for AES-256-GCM with the number under which sealed data names it, so that keys can be replaced over time.
public struct SealingKey: Sendable {
    public static let size = 32

    public let number: UInt8
    fileprivate let secret: Secret

    public init(number: UInt8 = 1, _ secret: Secret) throws {
        guard secret.count == Self.size else {
            throw Fault(
                .invalidInput, "an encryption key has \(Self.size) bytes, this one has \(secret.count)",
                hint: "`openssl rand -base64 32` makes one")
        }
        self.number = number
        self.secret = secret
    }

    /// From its form in settings.
    public init(number: UInt8 = 1, base64: Secret) throws {
        guard let bytes = Base64.decode(base64.reveal()) else {
            throw Fault(
                .invalidInput, "an encryption key is \(Self.size) bytes in base64",
                hint: "`openssl rand -base64 32` makes one")
        }
        try self.init(number: number, Secret(bytes))
    }

    public static func random(number: UInt8 = 1) -> SealingKey {
        SealingKey(trusted: number, Secret(Random.bytes(size)))
    }

    private init(trusted number: UInt8, _ secret: Secret) {
        self.number = number
        self.secret = secret
    }

    /// For keeping the key itself; everything else hands the `SealingKey` on.
    public var base64: Secret { Secret(secret.withBytes { Base64.encode($0) }) }
}

extension SealingKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "sealing key \(number)" }
    public var customMirror: Mirror { Mirror(self, children: ["number": number]) }
}

/// Seals with its first key and opens with any: key number (1 byte), nonce (12, random), ciphertext, tag (16).
///
/// `purpose` is bound to the result and must be the same when it is opened (say `key:anthropic/user-7`), so that one
/// sealed value cannot be put in another's place. Random nonces are safe for some four thousand million seals a key.
public struct Sealer: Sendable {
    private static let nonceSize = 12
    private static let tagSize = 16
    public static let overhead = 1 + nonceSize + tagSize

    private let keys: [SealingKey]

    public init(_ key: SealingKey, older: [SealingKey] = []) throws {
        keys = [key] + older
        guard Set(keys.map(\.number)).count == keys.count else {
            throw Fault(.invalidInput, "two encryption keys have the same number")
        }
    }

    public func seal(_ bytes: [UInt8], for purpose: String) -> [UInt8] {
        seal(bytes, for: purpose, nonce: Random.bytes(Self.nonceSize))
    }

    func seal(_ bytes: [UInt8], for purpose: String, nonce: [UInt8]) -> [UInt8] {
        let cipher = GCM(keys[0].secret, nonce, isSealing: true)
        cipher.bind([keys[0].number] + Array(purpose.utf8))
        let sealed = cipher.update(bytes)
        guard let tag = cipher.finishSealing(tagSize: Self.tagSize) else {
            preconditionFailure("AES-256-GCM cannot fail on memory")
        }
        return [keys[0].number] + nonce + sealed + tag
    }

    public func open(_ sealed: [UInt8], for purpose: String) throws -> [UInt8] {
        guard sealed.count >= Self.overhead else {
            throw Fault(.invalidInput, "sealed data of \(sealed.count) bytes is cut short")
        }
        guard let key = keys.first(where: { $0.number == sealed[0] }) else {
            throw Fault(
                .invalidInput, "this was sealed with key \(sealed[0]), which is not here",
                hint: "give the older encryption key as well")
        }
        let text = sealed.dropFirst(1 + Self.nonceSize).dropLast(Self.tagSize)
        let cipher = GCM(key.secret, Array(sealed[1...Self.nonceSize]), isSealing: false)
        cipher.bind([key.number] + Array(purpose.utf8))
        let bytes = cipher.update(Array(text))
        guard cipher.finishOpening(tag: Array(sealed.suffix(Self.tagSize))) else {
            throw Fault(
                .invalidInput, "sealed data does not open: it was changed, is for another purpose, or the key differs",
                hint: "check that the encryption key is the one it was sealed with")
        }
        return bytes
    }

    /// Whether it was sealed with an older key, and should be sealed anew when convenient.
    public func isOutdated(_ sealed: [UInt8]) -> Bool { sealed.first != keys[0].number }
}

/// One run of libcrypto's AES-256-GCM.
private final class GCM {
    private let context: OpaquePointer

    init(_ key: Secret, _ nonce: [UInt8], isSealing: Bool) {
        guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("libcrypto has no memory for a cipher") }
        self.context = context
        let result = key.withBytes {
            EVP_CipherInit_ex(
                context, EVP_aes_256_gcm(), nil, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), nonce,
                isSealing ? 1 : 0)
        }
        precondition(result == 1, "libcrypto does not take this key")
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// Adds what is authenticated and not encrypted.
    func bind(_ bytes: [UInt8]) {
        var length: Int32 = 0
        let result = EVP_CipherUpdate(context, nil, &length, bytes, Int32(bytes.count))
        precondition(result == 1, "AES-256-GCM cannot fail on memory")
    }

    func update(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.isEmpty else { return [] }
        return [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
            var length: Int32 = 0
            let result = EVP_CipherUpdate(context, output.baseAddress, &length, bytes, Int32(bytes.count))
            precondition(result == 1, "AES-256-GCM cannot fail on memory")
            count = Int(length)
        }
    }

    func finishSealing(tagSize: Int) -> [UInt8]? {
        var length: Int32 = 0
        var nothing: UInt8 = 0
        guard EVP_CipherFinal_ex(context, &nothing, &length) == 1 else { return nil }
        var tag = [UInt8](repeating: 0, count: tagSize)
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(tagSize), &tag) == 1 else { return nil }
        return tag
    }

    func finishOpening(tag: [UInt8]) -> Bool {
        var tag = tag
        var length: Int32 = 0
        var nothing: UInt8 = 0
        return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(tag.count), &tag) == 1
            && EVP_CipherFinal_ex(context, &nothing, &length) == 1
    }
}
