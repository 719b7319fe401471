@testable import Runtime

/// An event stream means the same whole and cut at places that the first byte decides; lines too.
func fuzzSSE(_ input: UnsafeBufferPointer<UInt8>) {
    guard let seed = input.first else { return }
    let bytes = Array(input.dropFirst())
    let pieces = split(bytes, seed)
    precondition(NetFuzz.events([bytes[...]]) == NetFuzz.events(pieces), "a split changes the events")
    for ending in [LineSplitter.Ending.any, .newline] {
        precondition(NetFuzz.lines([bytes[...]], ending) == NetFuzz.lines(pieces, ending), "a split changes the lines")
    }
}

/// What is an address is normal: it reads back as itself, alone and as a reference, and bears nothing that ends a line.
func fuzzURL(_ input: UnsafeBufferPointer<UInt8>) {
    let text = String(decoding: input, as: UTF8.self)
    let base = NetFuzz.base
    // A fault is as good as an address here.
    for address in [try? WebAddress(text), try? base.resolving(text)] {
        guard let address else { continue }
        precondition(NetFuzz.read(address.description) == address, "\(address) reads back as another address")
        precondition(address.description.utf8.allSatisfy { $0 > 32 && $0 < 127 }, "\(address) has a strange byte")
        precondition(address.path.hasPrefix("/") && !(address.path + "/").contains("/../"), "\(address) climbs")
    }
}

enum NetFuzz {
    static let base = read("http://a.example/b/c/d;p?q")!

    static func read(_ text: String) -> WebAddress? {
        // The caller wants to know only whether it is one.
        try? WebAddress(text)
    }

    /// The events, or nil when a bound was met: then the events before it depend on the split.
    static func events(_ pieces: [ArraySlice<UInt8>]) -> [ServerEvent]? {
        var parser = EventParser(limit: 4096)
        var events: [ServerEvent] = []
        do {
            for piece in pieces { try piece.withUnsafeBytes { try parser.feed($0) { events.append($0) } } }
        } catch {
            return nil
        }
        return events
    }

    static func lines(_ pieces: [ArraySlice<UInt8>], _ ending: LineSplitter.Ending) -> [[UInt8]]? {
        var splitter = LineSplitter(ending, limit: 4096)
        var lines: [[UInt8]] = []
        do {
            for piece in pieces { try piece.withUnsafeBytes { try splitter.feed($0) { lines.append(Array($0)) } } }
            try splitter.finish { lines.append(Array($0)) }
        } catch {
            return nil
        }
        return lines
    }
}
