/// Reads one protocol's events. No clock, socket or await in it.
protocol EventReading {
    /// Of one server-sent event.
    mutating func take(_ event: ServerEvent) throws -> [ModelEvent]
    /// Of an answer that came whole, because the server does not stream.
    mutating func take(whole view: JSONView) throws -> [ModelEvent]
    /// Whether the model has said that it is done.
    var isFinished: Bool { get }
    /// Nothing more is worth waiting for.
    var isOver: Bool { get }
}

/// An answer from its bytes, cut anywhere.
struct StreamReading {
    private let provider: ModelProvider
    private var parser: EventParser
    private var reader: any EventReading
    private var size = 0
    private(set) var hasFinished = false

    init(_ provider: ModelProvider, schema: Bool = false) {
        self.provider = provider
        parser = EventParser(limit: 4 << 20)
        reader =
            switch provider.form {
            case .openAI, .cli: ChatReader(provider)
            case .anthropic: MessagesReader(provider, hasSchema: schema)
            }
    }

    var isOver: Bool { reader.isOver }

    mutating func feed(_ bytes: [UInt8]) throws -> [ModelEvent] {
        var events: [ModelEvent] = []
        var reader = reader
        try bytes.withUnsafeBytes { bytes in
            try parser.feed(bytes) { event in
                if !reader.isOver { events += try reader.take(event) }
            }
        }
        self.reader = reader
        return try counted(events)
    }

    mutating func whole(_ bytes: [UInt8]) throws -> [ModelEvent] {
        let view: JSONView
        do {
            view = try JSON.parse(bytes)
        } catch {
            throw ProviderFailure(
                .broken, "\(provider.name): its answer is neither a stream of events nor JSON", provider: provider.name,
                hint: "does the base URL lead to an API?")
        }
        return try counted(reader.take(whole: view))
    }

    /// The body has ended.
    mutating func end() throws -> [ModelEvent] {
        guard reader.isFinished else {
            throw ProviderFailure(
                .broken, "\(provider.name): the answer broke off before its end", provider: provider.name)
        }
        return []
    }

    private mutating func counted(_ events: [ModelEvent]) throws -> [ModelEvent] {
        for event in events {
            switch event {
            case .text(let text), .reasoning(let text): size += text.utf8.count
            case .toolCall(let piece): size += piece.arguments.utf8.count
            case .usage, .finish: break
            }
        }
        guard size <= provider.limits.answer else {
            throw ProviderFailure(
                .refused,
                "\(provider.name): the answer is longer than \(Units.describe(bytes: provider.limits.answer))",
                provider: provider.name)
        }
        return events
    }
}
