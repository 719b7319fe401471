import Glibc
import Runtime

/// Ids of the original's form: 12 hex digits of time and counter, 14 characters of chance.
@Loop
final class Ids {
    private var lastMoment: UInt64 = 0
    private var count: UInt64 = 0

    /// Sorts as made; sessions sort the other way round, so that the newest comes first.
    func next(_ prefix: String) -> String {
        let moment = Clock.milliseconds
        count = moment == lastMoment ? count + 1 : 1
        lastMoment = moment
        var stamp = moment << 12 &+ count
        if prefix == "ses" { stamp = ~stamp }
        let bytes = (0..<6).map { UInt8(truncatingIfNeeded: stamp >> UInt64(40 - 8 * $0)) }
        return "\(prefix)_\(Hex.encode(bytes))\(Ids.chance(14))"
    }

    static func chance(_ count: Int) -> String {
        let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        return String(Random.bytes(count).map { letters[Int($0) % letters.count] })
    }
}

/// Wall time as the original writes it.
enum Clock {
    static var milliseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    static var now: JSONValue { .integer(Int64(milliseconds)) }

    /// `2026-11-21T02:05:27.160Z`
    static var text: String {
        let moment = milliseconds
        var seconds = time_t(moment / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(parts.tm_year + 1900)-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
        let time = "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
        return "\(date)T\(time).\(padded(Int(moment % 1000), 3))Z"
    }
}
