/// The body of an answer on its way. It ends with its last holder.
@Loop
final class DockerBody {
    private let source: @Loop () async throws -> [UInt8]?
    private let call: DockerCall
    private let idle: Duration?
    private let link: DockerLink
    private var lines = LineSplitter(.newline, limit: 4 << 20)
    private var ready: [JSONView] = []
    private var isEnded = false

    init(_ answer: WorldAnswer, _ call: DockerCall, idle: Duration?, _ link: DockerLink) {
        source = answer.next
        self.call = call
        self.idle = idle
        self.link = link
    }

    /// The next bytes; nil at the end.
    func next() async throws -> [UInt8]? {
        guard let idle else {
            do {
                return try await source()
            } catch {
                throw DockerFaults.silent(call, Fault(error), after: .zero, link.address)
            }
        }
        return try await link.bounded(call, idle, source)
    }

    /// The next JSON value of a body that has one a line.
    func nextValue() async throws -> JSONView? {
        while ready.isEmpty {
            guard !isEnded else { return nil }
            var found: [JSONView] = []
            let read = { (line: UnsafeRawBufferPointer) throws in
                if !line.isEmpty { found.append(try JSON.parse(Array(line))) }
            }
            if let piece = try await next() {
                try piece.withUnsafeBytes { try lines.feed($0, read) }
            } else {
                isEnded = true
                try lines.finish(read)
            }
            ready = found
        }
        return ready.removeFirst()
    }
}

extension JSONView {
    /// Nothing.
    static var missing: JSONView { JSONView([], -1) }

    /// Texts by name, as labels are.
    var textMap: [String: String] {
        var found: [String: String] = [:]
        for (key, value) in members { found[key] = value.string ?? "" }
        return found
    }

    var textList: [String] { elements.compactMap(\.string) }

    /// A moment as the Engine writes it, in seconds since 1970; its year 1 is none.
    var moment: Double? { string.flatMap { $0.hasPrefix("0001-") ? nil : TimeText.parse($0) } }
}
