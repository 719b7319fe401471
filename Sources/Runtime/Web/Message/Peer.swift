import CLinux
import Glibc

/// Where a connection comes from.
public enum Peer: Sendable, Hashable {
    case address(IPAddress, port: Int)
    case unix

    public var isLoopback: Bool {
        switch self {
        case .address(let address, _): address.isLoopback
        case .unix: true
        }
    }
}

/// An IPv4 or IPv6 address; IPv4 inside IPv6 is the same as IPv4.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// In network order; IPv4 in its mapped form ::ffff:a.b.c.d.
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(v4: UInt32) { self.init(high: 0, low: 0xffff_0000_0000 | UInt64(v4)) }

    public init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(v6)
        } else {
            return nil
        }
    }

    init(_ address: in6_addr) {
        (high, low) = withUnsafeBytes(of: address) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    public var isLoopback: Bool { isIPv4 ? (low >> 24) & 0xff == 127 : high == 0 && low == 1 }

    public var description: String {
        if isIPv4 { return "\((low >> 24) & 255).\((low >> 16) & 255).\((low >> 8) & 255).\(low & 255)" }
        let words = [high.bigEndian, low.bigEndian]
        var text = [CChar](repeating: 0, count: 46)
        words.withUnsafeBytes { _ = inet_ntop(AF_INET6, $0.baseAddress!, &text, 46) }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A block of addresses such as `10.0.0.0/8`, or one address.
public struct AddressRange: Sendable, Hashable {
    private let base: IPAddress
    private let bits: Int

    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = IPAddress(String(parts[0])) else { return nil }
        let width = base.isIPv4 ? 32 : 128
        var bits = width
        if parts.count == 2 {
            guard let given = Int(parts[1]), 0...width ~= given else { return nil }
            bits = given
        }
        self.base = base
        self.bits = 128 - width + bits
    }

    public func contains(_ address: IPAddress) -> Bool {
        guard address.isIPv4 == base.isIPv4 else { return false }
        let highBits = min(bits, 64)
        let lowBits = bits - highBits
        return AddressRange.same(address.high, base.high, highBits) && AddressRange.same(address.low, base.low, lowBits)
    }

    private static func same(_ a: UInt64, _ b: UInt64, _ bits: Int) -> Bool {
        bits == 0 || (a ^ b) >> UInt64(64 - bits) == 0
    }
}
