internal import CCrypto

/// Bytes that must not reach a log, an error or an answer: however it is printed it reads `•••`, and it cannot be
/// encoded. Compares in constant time; its memory is wiped when the last copy goes.
public struct Secret: Sendable {
    private let storage: Storage

    public init(_ bytes: [UInt8]) { storage = Storage(bytes) }
    public init(_ text: String) { storage = Storage(Array(text.utf8)) }

    public var count: Int { storage.bytes.count }
    public var isEmpty: Bool { storage.bytes.isEmpty }

    /// The bytes, for as long as `body` runs.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(storage) { try body(UnsafeRawBufferPointer(storage.bytes)) }
    }

    /// The text itself, for the one call that needs it.
    public func reveal() -> String { withBytes { String(decoding: $0, as: UTF8.self) } }

    private final class Storage: @unchecked Sendable {
        let bytes: UnsafeMutableBufferPointer<UInt8>

        init(_ source: [UInt8]) {
            bytes = .allocate(capacity: source.count)
            _ = bytes.initialize(from: source)
        }

        deinit {
            OPENSSL_cleanse(bytes.baseAddress, bytes.count)
            bytes.deallocate()
        }
    }
}

extension Secret: Equatable {
    public static func == (one: Secret, other: Secret) -> Bool {
        guard one.count == other.count else { return false }
        return one.withBytes { one in
            other.withBytes { CRYPTO_memcmp(one.baseAddress, $0.baseAddress, one.count) == 0 }
        }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "•••" }
    public var debugDescription: String { "•••" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Decodable {
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
}
