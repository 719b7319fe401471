extension JSONView {
    /// The elements of a list; empty for anything else.
    public var elements: Elements { Elements(list: self) }

    /// The members of an object as they stand in the text, duplicates included; empty for anything else.
    public var members: Members { Members(object: self) }

    public struct Elements: Sequence, IteratorProtocol, Sendable {
        private let list: JSONView
        private var left: Int
        private var position: Int

        fileprivate init(list: JSONView) {
            self.list = list
            left = list.kind == .array ? list.count : 0
            position = left > 0 ? list.read { $0.first(list.offset) } : 0
        }

        public mutating func next() -> JSONView? {
            guard left > 0 else { return nil }
            left -= 1
            let element = JSONView(list.bytes, position)
            position = list.read { $0.after(position) }
            return element
        }
    }

    public struct Members: Sequence, IteratorProtocol, Sendable {
        private let object: JSONView
        private var left: Int
        private var position: Int

        fileprivate init(object: JSONView) {
            self.object = object
            left = object.kind == .object ? object.count : 0
            position = left > 0 ? object.read { $0.first(object.offset) } : 0
        }

        public mutating func next() -> (key: String, value: JSONView)? {
            guard left > 0 else { return nil }
            left -= 1
            let (key, value) = object.read { ($0.key(position), $0.after(position)) }
            position = object.read { $0.after(value) }
            return (key, JSONView(object.bytes, value))
        }
    }

    /// A copy as a free-form value; nil when there is nothing here.
    public var value: JSONValue? { exists ? read { JSONValue($0, offset) } : nil }
}
