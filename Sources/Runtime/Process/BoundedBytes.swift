/// Bytes up to a bound, with a rule for what is beyond it.
struct BoundedBytes {
    let limit: Int
    let overflow: Subprocess.Overflow
    private var head: [UInt8] = []
    /// A ring once it is full: the oldest byte stands at `start`.
    private var tail: [UInt8] = []
    private var start = 0
    private(set) var lost = 0

    init(limit: Int, overflow: Subprocess.Overflow) {
        self.limit = max(0, limit)
        self.overflow = overflow
    }

    private var headLimit: Int {
        switch overflow {
        case .fail: limit
        case .dropOldest: 0
        case .keepEnds: limit / 2
        }
    }

    private var tailLimit: Int { limit - headLimit }

    /// False when the bound is passed and the rule is to fail.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let room = min(bytes.count, headLimit - head.count)
        head.append(contentsOf: bytes[..<room])
        keep(UnsafeRawBufferPointer(rebasing: bytes[room...]))
        return !isRefused
    }

    /// The bound was passed, and the rule is to fail.
    var isRefused: Bool { overflow == .fail && lost > 0 }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        let newest = bytes.suffix(tailLimit)
        lost += bytes.count - newest.count
        let growth = min(newest.count, tailLimit - tail.count)
        tail.append(contentsOf: newest.prefix(growth))
        for byte in newest.dropFirst(growth) {
            tail[start] = byte
            start = start + 1 == tail.count ? 0 : start + 1
            lost += 1
        }
    }

    var bytes: [UInt8] { head + tail[start...] + tail[..<start] }
}
