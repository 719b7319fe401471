internal import CCrypto

/// SHA-256 over bytes that come in pieces.
public struct SHA256: ~Copyable {
    public static let size = 32

    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, sha256, nil) == 1 else {
            preconditionFailure("libcrypto has no memory for a digest")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let result = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(result == 1, "SHA-256 cannot fail on memory")
    }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    public consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.size) { digest, count in
            let result = EVP_DigestFinal_ex(context, digest.baseAddress, nil)
            precondition(result == 1, "SHA-256 cannot fail on memory")
            count = Self.size
        }
    }

    public static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        digest(bytes, sha256, size: size)
    }

    public static func hash(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0) } }
    public static func hash(_ text: String) -> [UInt8] { hash(Array(text.utf8)) }
}

/// Broken as a hash and kept for the one place that needs it: the WebSocket handshake, where it proves nothing.
enum SHA1 {
    static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { digest($0, EVP_sha1(), size: 20) }
    }
}

/// Looked up once: libcrypto searches its providers at every use of a name.
private nonisolated(unsafe) let sha256 = EVP_MD_fetch(nil, "SHA2-256", nil) ?? EVP_sha256()

private func digest(_ bytes: UnsafeRawBufferPointer, _ kind: OpaquePointer?, size: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { digest, count in
        let result = EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, nil, kind, nil)
        precondition(result == 1, "a digest cannot fail on memory")
        count = size
    }
}

public enum HMACSHA256 {
    /// The code that proves that `message` was seen by somebody who has `key`.
    public static func code(for message: [UInt8], key: Secret) -> [UInt8] {
        key.withBytes { key in
            message.withUnsafeBytes { message in
                [UInt8](unsafeUninitializedCapacity: SHA256.size) { code, count in
                    // An empty key is a key like any other here; libcrypto takes a null pointer for "the last one".
                    var none: UInt8 = 0
                    let result = withUnsafePointer(to: &none) { none in
                        CCrypto.HMAC(
                            EVP_sha256(), key.baseAddress ?? UnsafeRawPointer(none), Int32(key.count),
                            message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count,
                            code.baseAddress, nil)
                    }
                    precondition(result != nil, "a message code cannot fail on memory")
                    count = SHA256.size
                }
            }
        }
    }

    public static func isValid(_ code: [UInt8], for message: [UInt8], key: Secret) -> Bool {
        ConstantTime.equal(code, Self.code(for: message, key: key))
    }
}

public enum ConstantTime {
    /// Takes as long wherever the first difference is. That the lengths differ may show.
    public static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }

    public static func equal(_ one: String, _ other: String) -> Bool { equal(Array(one.utf8), Array(other.utf8)) }
}
