internal import CCrypto
import Glibc

/// Random bytes from libcrypto's generator, which the kernel seeds.
public enum Random {
    public static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // Without randomness nothing here is safe to go on.
            let result = RAND_bytes(buffer.baseAddress, Int32(count))
            precondition(result == 1, "libcrypto gives no random bytes")
            filled = count
        }
    }

    /// A text that nobody guesses, fit for URLs and headers; 32 bytes are 43 characters.
    public static func token(bytes count: Int = 32) -> String { Base64URL.encode(bytes(count)) }
}

/// Ids as text (RFC 9562).
public enum UUIDText {
    /// Version 4: random.
    public static func random() -> String {
        var bytes = Random.bytes(16)
        return stamp(&bytes, version: 4)
    }

    /// Version 7: begins with the time, so that ids sort as they were made (to a quarter of a microsecond).
    public static func timeOrdered() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return timeOrdered(
            milliseconds: UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000,
            nanoseconds: UInt64(time.tv_nsec) % 1_000_000, random: Random.bytes(8))
    }

    /// 48 bits of milliseconds, 12 bits of the fraction of one, 62 random bits.
    static func timeOrdered(milliseconds: UInt64, nanoseconds: UInt64, random: [UInt8]) -> String {
        let fraction = nanoseconds * 4096 / 1_000_000
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * $0)) }
        bytes += [UInt8(truncatingIfNeeded: fraction >> 8), UInt8(truncatingIfNeeded: fraction)] + random
        return stamp(&bytes, version: 7)
    }

    private static func stamp(_ bytes: inout [UInt8], version: UInt8) -> String {
        bytes[6] = bytes[6] & 0x0f | version << 4
        bytes[8] = bytes[8] & 0x3f | 0x80
        let groups = [bytes[0..<4], bytes[4..<6], bytes[6..<8], bytes[8..<10], bytes[10..<16]]
        return groups.map { Hex.encode($0) }.joined(separator: "-")
    }
}
