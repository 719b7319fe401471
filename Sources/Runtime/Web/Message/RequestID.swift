/// The id of the request that the running code works for: what logs and answers bear.
public enum RequestID {
    /// Inherited by the tasks of a request.
    @TaskLocal public static var inherited: String?

    /// The request whose plain handler runs just now; those have no task to inherit from.
    @Loop static var plain: Request?

    @Loop public static var current: String? { plain?.id ?? inherited }

    /// Random for each process, so that ids of different starts do not meet. Fifteen bytes in all: text without
    /// allocation.
    static let prefix: StaticBytes = {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        var random = SystemRandomNumberGenerator()
        return StaticBytes((0..<6).map { _ in letters[Int(random.next() & 31)] } + [45])
    }()

    static func text(_ number: UInt64) -> String { prefix.text + String(number, radix: 36) }

    /// A given id is kept when it can stand in a log line and a header as it is.
    static func isSafe(_ bytes: some Collection<UInt8>) -> Bool {
        1...128 ~= bytes.count
            && bytes.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122, 45, 46, 95, 58, 47, 43, 61, 64: true
                default: false
                }
            }
    }
}

/// Bytes made once that stay for the life of the process.
struct StaticBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer

    init(_ source: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 1)
        copy.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(copy)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}
