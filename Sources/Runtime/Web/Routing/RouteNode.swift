/// A pattern taken apart. A pattern that makes no sense is a programmer's mistake and traps.
struct Pattern {
    enum Segment: Equatable {
        case literal([UInt8])
        case name
        case rest
    }

    let text: String
    private(set) var segments: [Segment] = []
    private(set) var names: [String] = []

    init(_ text: String) {
        self.text = text
        precondition(text.hasPrefix("/"), "the pattern \(text) must begin with a slash")
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            guard part.hasPrefix("{"), part.hasSuffix("}") else {
                segments.append(.literal(Array(part.utf8)))
                continue
            }
            var name = part.dropFirst().dropLast()
            if name.hasSuffix("...") {
                precondition(index == parts.count - 1, "the rest must stand at the end of the pattern \(text)")
                name = name.dropLast(3)
                segments.append(.rest)
            } else {
                segments.append(.name)
            }
            precondition(!name.isEmpty && !names.contains(String(name)), "the names in the pattern \(text) must differ")
            names.append(String(name))
        }
    }
}

/// Where one segment leads.
struct RouteNode {
    private(set) var literals: [(bytes: [UInt8], node: Int)] = []
    private(set) var name: Int?
    private(set) var rest: Int?
    var routes: [Route] = []

    subscript(_ method: Method) -> Route? {
        @Loop get {
            for route in routes where route.method == method { return route }
            return nil
        }
    }

    func next(_ segment: Pattern.Segment) -> Int? {
        switch segment {
        case .literal(let bytes): literals.first { $0.bytes == bytes }?.node
        case .name: name
        case .rest: rest
        }
    }

    mutating func link(_ segment: Pattern.Segment, to node: Int) {
        switch segment {
        case .literal(let bytes): literals.append((bytes, node))
        case .name: name = node
        case .rest: rest = node
        }
    }

    /// What `Allow` says.
    @Loop var allow: String {
        var methods = routes.map(\.method.rawValue)
        if methods.contains("GET") && !methods.contains("HEAD") { methods.append("HEAD") }
        if !methods.contains("OPTIONS") { methods.append("OPTIONS") }
        return methods.joined(separator: ", ")
    }
}

/// One search of a path through the tree, without allocation unless something is named.
struct RouteWalk {
    private let target: RequestTarget
    private let bytes: [UInt8]
    private var named: [HeadSlice] = []

    init(_ target: RequestTarget, _ bytes: [UInt8]) {
        self.target = target
        self.bytes = bytes
    }

    mutating func find(_ nodes: UnsafeBufferPointer<RouteNode>) -> Int? {
        find(nodes, 0, Int(target.path.start) + 1)
    }

    /// What was named, decoded, in the order of the pattern.
    func values() -> [String] { named.map { target.decoded($0, bytes) } }

    private mutating func find(_ nodes: UnsafeBufferPointer<RouteNode>, _ place: Int, _ start: Int) -> Int? {
        let pathEnd = target.path.end
        if start > pathEnd { return nodes[place].routes.isEmpty ? nil : place }
        var end = start
        bytes.withUnsafeBufferPointer { while end < pathEnd && $0[end] != 47 { end += 1 } }
        if let next = literal(nodes, place, start, end), let found = find(nodes, next, end + 1) { return found }
        if end > start, let next = nodes[place].name {
            named.append(HeadSlice(start, end))
            if let found = find(nodes, next, end + 1) { return found }
            named.removeLast()
        }
        guard let next = nodes[place].rest, !nodes[next].routes.isEmpty else { return nil }
        named.append(HeadSlice(start, pathEnd))
        return next
    }

    private func literal(_ nodes: UnsafeBufferPointer<RouteNode>, _ place: Int, _ start: Int, _ end: Int) -> Int? {
        for index in nodes[place].literals.indices {
            let isSame = nodes[place].literals[index].bytes.withUnsafeBufferPointer { literal in
                target.isPlain
                    ? bytes.withUnsafeBufferPointer { equal(literal, $0, start, end) }
                    : target.decoded(HeadSlice(start, end), bytes).utf8.elementsEqual(literal)
            }
            if isSame { return nodes[place].literals[index].node }
        }
        return nil
    }

    private func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int)
        -> Bool
    {
        guard a.count == end - start else { return false }
        for index in a.indices where a[index] != b[start + index] { return false }
        return true
    }
}
