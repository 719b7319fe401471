/// The way to a value, one link for each container. Put into words only in errors: `choices[0].index`.
final class CodingRoute: Sendable {
    enum Step: Sendable {
        case key(String)
        case index(Int)
    }

    private let parent: CodingRoute?
    private let step: Step

    init(_ parent: CodingRoute?, _ step: Step) {
        self.parent = parent
        self.step = step
    }

    var codingPath: [any CodingKey] { (parent?.codingPath ?? []) + [NamedKey(step)] }

    static func text(_ parent: CodingRoute?, _ step: Step?) -> String {
        let before = parent.map { text($0.parent, $0.step) } ?? ""
        switch step {
        case nil: return before
        case .index(let index): return "\(before)[\(index)]"
        case .key(let key): return before.isEmpty ? key : "\(before).\(key)"
        }
    }

    /// A sentence about the value that `parent` and `step` lead to.
    static func fault(_ parent: CodingRoute?, _ step: Step?, _ sentence: String) -> Fault {
        let place = text(parent, step)
        return Fault(.invalidInput, place.isEmpty ? sentence : "\(place): \(sentence)")
    }
}

struct NamedKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ step: CodingRoute.Step) {
        switch step {
        case .key(let key): self.init(stringValue: key)
        case .index(let index): self.init(intValue: index)
        }
    }

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}
