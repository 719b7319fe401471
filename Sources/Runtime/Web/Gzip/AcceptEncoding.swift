/// What a client says about codings that it can undo (RFC 9110 §12.5.3).
struct AcceptEncoding: Equatable {
    private var qualities: [String: Int] = [:]

    /// Without the field only the plain form is sent: what RFC 9110 allows then is not what old clients can read.
    init(_ field: String?) {
        guard let field else { return }
        // Members past any sense are not looked at.
        for member in field.split(separator: ",").prefix(32) {
            let parts = member.split(separator: ";")
            guard let name = parts.first?.trimmingSpace.lowercased(), !name.isEmpty else { continue }
            var quality = 1000
            for part in parts.dropFirst() {
                let pair = part.trimmingSpace.lowercased()
                if pair.hasPrefix("q=") { quality = AcceptEncoding.thousandths(pair.dropFirst(2)) }
            }
            qualities[name == "x-gzip" ? "gzip" : name] = quality
        }
    }

    /// In thousandths; 0 means that it must not be sent.
    func quality(of coding: String) -> Int {
        if let known = qualities[coding] { return known }
        if let rest = qualities["*"] { return rest }
        return coding == "identity" ? 1000 : 0
    }

    /// Those of `codings` that the client prefers to the plain form or likes as well, best first; on a tie, in our order.
    func choose(from codings: [String]) -> [String] {
        // The plain form that nobody mentioned is only the last resort.
        let plain = qualities["identity"] ?? 1
        return codings.enumerated().map { (place: $0.offset, name: $0.element, quality: quality(of: $0.element)) }
            .filter { $0.quality > 0 && $0.quality >= plain }
            .sorted { ($1.quality, $0.place) < ($0.quality, $1.place) }
            .map(\.name)
    }

    /// `0.85` as 850. What is no quality counts as none.
    private static func thousandths(_ text: Substring) -> Int {
        let parts = text.trimmingSpace.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts[0] == "0" || parts[0] == "1", fraction.utf8.count <= 3, fraction.allSatisfy({ "0"..."9" ~= $0 })
        else { return 0 }
        let digits = fraction + String(repeating: "0", count: 3 - fraction.utf8.count)
        return parts[0] == "1" ? 1000 : Int(digits) ?? 0
    }
}
