/// Members of a free-form object in the order in which they first came. Finding one looks through all.
public struct JSONObject: Sendable {
    public struct Member: Sendable {
        public let key: String
        public fileprivate(set) var value: JSONValue
    }

    private var members: [Member] = []

    public init() {}

    /// Of equal keys the last value stays, in the first one's place.
    public init(_ pairs: some Sequence<(String, JSONValue)>) { append(pairs) }

    private mutating func append(_ pairs: some Sequence<(String, JSONValue)>) {
        // Looking through a few is faster than hashing them; looking through many would take for ever.
        var places: [String: Int] = [:]
        for (key, value) in pairs {
            let isSmall = members.count < 16
            if let place = isSmall ? members.firstIndex(where: { $0.key == key }) : places[key] {
                members[place].value = value
                continue
            }
            members.append(Member(key: key, value: value))
            if members.count == 16 {
                for (place, member) in members.enumerated() { places[member.key] = place }
            } else if !isSmall {
                places[key] = members.count - 1
            }
        }
    }

    init(_ reader: ParcelReader, _ offset: Int) {
        var position = reader.first(offset)
        members.reserveCapacity(reader.count(offset))
        let pairs = (0..<reader.count(offset)).lazy.map { _ in
            let value = reader.after(position)
            defer { position = reader.after(value) }
            return (reader.key(position), JSONValue(reader, value))
        }
        append(pairs)
    }

    /// Setting keeps a known key's place and appends a new one; nil removes.
    public subscript(_ key: String) -> JSONValue? {
        get { members.last { $0.key == key }?.value }
        set {
            guard let place = members.firstIndex(where: { $0.key == key }) else {
                if let newValue { members.append(Member(key: key, value: newValue)) }
                return
            }
            if let newValue { members[place].value = newValue } else { members.remove(at: place) }
        }
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    public static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.count == other.count && one.dictionary == other.dictionary
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(dictionary) }

    private var dictionary: [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}
