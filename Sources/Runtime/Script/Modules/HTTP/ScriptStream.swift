import LuaBridge

/// An answer that a script reads while it comes. The transfer ends with the last holder of `source`.
@Loop
final class ScriptStream {
    enum Form: String { case lines, sse, raw }

    struct SizeLimit {
        let bytes: Int
        let fault: Fault
    }

    let status: Int
    let headers: Headers
    /// Why it broke off.
    private(set) var failure: Fault?
    private let end: Instant?
    private let limit: SizeLimit?
    private var source: (@Loop () async throws -> [UInt8]?)?
    private var cutter: Cutter
    private var ready: [LuaValue] = []
    private var place = 0
    private var received = 0
    private var isReading = false

    /// `item` is the most that one line or event may have.
    init(_ answer: WorldAnswer, as form: Form, until end: Instant?, _ limit: SizeLimit?, item: Int) {
        status = answer.status
        headers = answer.headers
        source = answer.next
        cutter = Cutter(form, item)
        self.end = end
        self.limit = limit
    }

    func close() { source = nil }

    func next() async throws -> LuaValue? {
        guard !isReading else { throw ScriptMistake("two calls read one stream of host.http at once") }
        isReading = true
        defer { isReading = false }
        do {
            while place == ready.count {
                guard let source else {
                    if let failure { throw failure }
                    return nil
                }
                ready = []
                place = 0
                ready = try cut(try await ScriptStream.by(end, source))
            }
        } catch {
            source = nil
            failure = Fault(error)
            throw error
        }
        place += 1
        return ready[place - 1]
    }

    static func by<Value>(_ moment: Instant?, _ body: @Loop () async throws -> Value) async throws -> Value {
        guard let moment else { return try await body() }
        return try await Deadline.by(moment, body)
    }

    private func cut(_ piece: [UInt8]?) throws -> [LuaValue] {
        guard let piece else {
            source = nil
            return try cutter.finish()
        }
        received += piece.count
        if let limit, received > limit.bytes { throw limit.fault }
        // Closed while it waited.
        return source == nil ? [] : try cutter.feed(piece)
    }
}

/// Cuts the bytes of an answer into what a script gets at a time.
private enum Cutter {
    case lines(LineSplitter)
    case events(EventParser)
    case pieces

    init(_ form: ScriptStream.Form, _ limit: Int) {
        self =
            switch form {
            case .lines: .lines(LineSplitter(.newline, limit: limit))
            case .sse: .events(EventParser(limit: limit))
            case .raw: .pieces
            }
    }

    mutating func feed(_ piece: [UInt8]) throws -> [LuaValue] {
        var found: [LuaValue] = []
        switch self {
        case .lines(var splitter):
            try piece.withUnsafeBytes { try splitter.feed($0) { found.append(.bytes(Array($0))) } }
            self = .lines(splitter)
        case .events(var parser):
            try piece.withUnsafeBytes { try parser.feed($0) { found.append(Cutter.value($0)) } }
            self = .events(parser)
        case .pieces: if !piece.isEmpty { found = [.bytes(piece)] }
        }
        return found
    }

    mutating func finish() throws -> [LuaValue] {
        guard case .lines(var splitter) = self else { return [] }
        var found: [LuaValue] = []
        try splitter.finish { found.append(.bytes(Array($0))) }
        return found
    }

    private static func value(_ event: ServerEvent) -> LuaValue {
        var fields: [LuaKey: LuaValue] = ["event": .string(event.name), "data": .bytes(event.data)]
        if !event.id.isEmpty { fields["id"] = .string(event.id) }
        return .table(fields)
    }
}
