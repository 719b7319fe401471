/// The values that must never be seen, and the one place that takes them out of text. Any thread.
///
/// Shared by logs and traces; whoever loads a key registers it before anything else is done with it.
public final class Redactor: Sendable {
    /// What stands where a secret was.
    public static let mark = "•••"

    /// Shorter values would black out ordinary words.
    static let shortest = 4
    static let limit = 16_384

    private let table = Locked(SecretTable())

    public init() {}

    /// Hides `value` from now on, also in its percent-encoded form. False when it is too short, or the table is full.
    @discardableResult
    public func add(_ value: String) -> Bool {
        let forms = Redactor.forms(of: value)
        guard forms[0].count >= Redactor.shortest else { return false }
        return table.withLock { table in
            guard table.count + forms.count <= Redactor.limit else { return false }
            for form in forms { table.add(form) }
            return true
        }
    }

    /// Forgets a value that was revoked and is worth nothing any more.
    public func remove(_ value: String) {
        table.withLock { table in
            for form in Redactor.forms(of: value) { table.remove(form) }
        }
    }

    /// `text` without secrets: registered values, `Bearer …`, `api_key=…`, and passwords in addresses.
    public func clean(_ text: String, limit: Int = .max) -> String {
        String(decoding: cleanBytes(text, limit: limit), as: UTF8.self)
    }

    /// `text` without registered values, and else as it is: for what people read as somebody's work. Short values stay,
    /// because they may be words of it.
    public func hide(in text: String) -> String {
        var copy = text
        let table = table.withLock { $0 }
        guard table.count > 0 else { return text }
        let hidden = copy.withUTF8 { SecretScan.withoutValues(UnsafeRawBufferPointer($0), table, atLeast: 12) }
        return hidden.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// At most about `limit` bytes, cut between characters, with a note of what was cut.
    func cleanBytes(_ text: String, limit: Int) -> [UInt8] {
        var text = text
        let table = table.withLock { $0 }
        return text.withUTF8 { SecretScan(text: UnsafeRawBufferPointer($0), table: table, limit: limit).run() }
    }

    /// Whether a header or variable of this name is nobody's business, whatever its value.
    public static func isSensitive(name: String) -> Bool { SensitiveName.matches(name.utf8) }

    private static func forms(of value: String) -> [[UInt8]] {
        let plain = Array(value.utf8)
        var encoded: [UInt8] = []
        for byte in plain {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: encoded.append(byte)
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                encoded.append(contentsOf: (byte < 16 ? "%0\(hex)" : "%\(hex)").utf8)
            }
        }
        return encoded == plain ? [plain] : [plain, encoded]
    }
}

/// Values by their first four bytes, behind a bitmap that answers "surely none" for nearly every place of a text.
///
/// Keys of one provider all begin alike, so what shares a beginning is found by its length and hash, not one by one.
struct SecretTable {
    private struct Group {
        var values: Set<[UInt8]> = []
        /// The longest first, so that a value which begins with another is hidden whole.
        var lengths: [Int] = []
    }

    private var groups: [UInt32: Group] = [:]
    private var bitmap = [UInt64](repeating: 0, count: 1024)
    private(set) var count = 0

    mutating func add(_ value: [UInt8]) {
        let key = SecretTable.key(value)
        guard groups[key, default: Group()].values.insert(value).inserted else { return }
        if !groups[key]!.lengths.contains(value.count) {
            groups[key]!.lengths.append(value.count)
            groups[key]!.lengths.sort(by: >)
        }
        let bit = SecretTable.hash(key)
        bitmap[bit >> 6] |= 1 << UInt64(bit & 63)
        count += 1
    }

    /// Leaves bitmap and lengths as they are: a stale one costs a look-up.
    mutating func remove(_ value: [UInt8]) {
        guard value.count >= Redactor.shortest else { return }
        if groups[SecretTable.key(value)]?.values.remove(value) != nil { count -= 1 }
    }

    /// The length of the secret that begins at `start`, or nil.
    func match(_ text: UnsafeRawBufferPointer, at start: Int) -> Int? {
        guard count > 0, start + 4 <= text.count else { return nil }
        let key = text.loadUnaligned(fromByteOffset: start, as: UInt32.self)
        let bit = SecretTable.hash(key)
        guard bitmap[bit >> 6] & (1 << UInt64(bit & 63)) != 0, let group = groups[key] else { return nil }
        return group.lengths.first { length in
            start + length <= text.count && group.values.contains(Array(text[start..<start + length]))
        }
    }

    private static func key(_ value: [UInt8]) -> UInt32 {
        value.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    }

    private static func hash(_ key: UInt32) -> Int { Int((key &* 2_654_435_761) >> 16) }
}
