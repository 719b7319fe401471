/// A range of IPv4 addresses that is cut into networks of 16 addresses each, for runners' networks beyond the few that
/// Docker has ranges for.
struct SubnetPool: Sendable, Equatable {
    private let start: UInt32
    private let count: UInt32
    private static let size: UInt32 = 16

    /// As `10.213.0.0/16`, from /8 to /24.
    init?(_ text: String) {
        guard let block = SubnetPool.block(text), (8...24).contains(block.prefix) else { return nil }
        start = block.start
        count = (1 << (32 - block.prefix)) / SubnetPool.size
    }

    /// The first network that touches none of these.
    func free(_ used: [String]) -> String? {
        let taken = used.compactMap(SubnetPool.block).map { block in
            (first: UInt64(block.start), last: UInt64(block.start) + (UInt64(1) << UInt64(32 - block.prefix)) - 1)
        }
        for index in 0..<count {
            let first = start + index * SubnetPool.size
            let (low, high) = (UInt64(first), UInt64(first) + UInt64(SubnetPool.size) - 1)
            if taken.allSatisfy({ $0.last < low || high < $0.first }) { return "\(SubnetPool.text(first))/28" }
        }
        return nil
    }

    private static func block(_ text: String) -> (start: UInt32, prefix: Int)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 2, let prefix = Int(parts[1]), (0...32).contains(prefix), bytes.count == 4 else {
            return nil
        }
        var address: UInt32 = 0
        for byte in bytes {
            guard let byte else { return nil }
            address = address << 8 | UInt32(byte)
        }
        let mask: UInt32 = prefix == 0 ? 0 : ~UInt32(0) << UInt32(32 - prefix)
        return (address & mask, prefix)
    }

    private static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { "\(address >> UInt32($0) & 255)" }.joined(separator: ".")
    }
}
