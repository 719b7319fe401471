import Glibc

/// The `Date` line, made anew when the second has changed and somebody asks: no timer keeps it.
@Loop
final class ClockLine {
    private let storage = Scratch(ClockLine.size)
    private var validUntil = Instant(nanoseconds: 0)

    private static let size = 37

    init() {}

    /// `Date: Sun, 06 Nov 1994 08:49:37 GMT` and the line's end.
    var bytes: UnsafeRawBufferPointer {
        if Loop.now >= validUntil { renew() }
        return UnsafeRawBufferPointer(start: storage.start, count: ClockLine.size)
    }

    private func renew() {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        validUntil = Loop.now + .nanoseconds(1_000_000_000 - Int64(wall.tv_nsec))
        var line = Array("Date: \(ClockLine.text(wall.tv_sec))\r\n".utf8)
        storage.start.copyMemory(from: &line, byteCount: ClockLine.size)
    }

    /// The form of HTTP (RFC 9110 §5.6.7), whatever the locale.
    static func text(_ seconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday)]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(day), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(Int(parts.tm_year) + 1900) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// Memory of a fixed size that lives as long as its owner.
final class Scratch {
    let start: UnsafeMutableRawPointer

    init(_ count: Int) { start = .allocate(byteCount: count, alignment: 16) }

    deinit { start.deallocate() }
}
