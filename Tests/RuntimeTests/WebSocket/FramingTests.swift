import Testing

@testable import Runtime

/// What goes in, what the reader gets, what goes out: the case families of RFC 6455, in both roles, at once and byte by
/// byte.
struct FramingCase: CustomTestStringConvertible, Sendable {
    let name: String
    var input: [Frame] = []
    /// Instead of `input`, for what no frame can say.
    var raw: [UInt8]?
    var messages: [WebSocket.Message] = []
    var output: [Frame] = []
    var code: UInt16 = 1000
    var change: @Sendable (inout WebSocketSettings) -> Void = { _ in }

    var testDescription: String { name }
}

@Suite("WebSocket framing")
@Loop
struct FramingTests {
    private nonisolated static let bye = Frame.close(1000)

    private nonisolated static let lengths = [125, 126, 127, 65535, 65536]

    /// Cases that end with an ordinary goodbye, which every case may add for itself.
    private nonisolated static let plain: [FramingCase] = [
        .init(name: "empty text", input: [.text("")], messages: [.text("")]),
        .init(name: "short text", input: [.text("hello")], messages: [.text("hello")]),
        .init(
            name: "125, 126, 127, 65535 and 65536 bytes",
            input: lengths.map { Frame.text(String(repeating: "*", count: $0)) },
            messages: lengths.map { WebSocket.Message.text(String(repeating: "*", count: $0)) }),
        .init(
            name: "binary of any length",
            input: [.binary([]), .binary([0, 255, 254]), .binary(.init(repeating: 7, count: 70_000))],
            messages: [.binary([]), .binary([0, 255, 254]), .binary(.init(repeating: 7, count: 70_000))]),
        .init(name: "ping without payload", input: [.ping()], output: [.pong()]),
        .init(
            name: "ping with payload, the largest too",
            input: [.ping("here?"), .ping(String(repeating: "x", count: 125))],
            output: [.pong("here?"), .pong(String(repeating: "x", count: 125))]),
        .init(name: "a pong that nobody asked for", input: [.pong("well"), .text("a")], messages: [.text("a")]),
        .init(
            name: "ten pings", input: (0..<10).map { Frame.ping("\($0)") }, output: (0..<10).map { Frame.pong("\($0)") }
        ),
        .init(
            name: "two fragments", input: [.text("frag", isFinal: false), .more("ment", isFinal: true)],
            messages: [.text("fragment")]),
        .init(
            name: "empty fragments", input: [.text("", isFinal: false), .more(""), .more("", isFinal: true)],
            messages: [.text("")]),
        .init(
            name: "a ping between fragments is answered before the message",
            input: [
                .text("a", isFinal: false), .ping("p"), .more("b"), .pong(), .ping("q"), .more("c", isFinal: true),
            ],
            messages: [.text("abc")], output: [.pong("p"), .pong("q")]),
        .init(
            name: "fragmented binary", input: [.binary([1], isFinal: false), Frame(opcode: 0, payload: [2])],
            messages: [.binary([1, 2])]),
        .init(
            name: "text of every length of character", input: [.text("κόσμε é € 😀 \u{10FFFF} \u{0}")],
            messages: [.text("κόσμε é € 😀 \u{10FFFF} \u{0}")]),
        .init(
            name: "characters cut by fragments",
            input: [
                Frame(opcode: 1, payload: [0xf0], isFinal: false),
                Frame(opcode: 0, payload: [0x9f, 0x98], isFinal: false),
                Frame(opcode: 0, payload: [0x80]),
            ], messages: [.text("😀")]),
        .init(
            name: "noncharacters are text", input: [Frame(opcode: 1, payload: [0xef, 0xbf, 0xbe, 0xef, 0xbf, 0xbf])],
            messages: [.text("\u{FFFE}\u{FFFF}")]),
        .init(name: "binary need not be UTF-8", input: [.binary([0xff, 0xc0])], messages: [.binary([0xff, 0xc0])]),
        .init(
            name: "a message as large as allowed", input: [.text("12345678")], messages: [.text("12345678")],
            change: { $0.message = 8 }),
    ]

    private nonisolated static let good = plain.map { example in
        var example = example
        example.input.append(bye)
        example.output.append(bye)
        return example
    }

    private nonisolated static func broken(_ name: String, _ input: [Frame], _ messages: [WebSocket.Message] = [])
        -> FramingCase
    {
        FramingCase(name: name, input: input, messages: messages, code: 1002)
    }

    private nonisolated static let violations: [FramingCase] =
        (UInt8(1)...7).map { broken("reserved bits \($0)", [Frame(opcode: 1, payload: [65], reserved: $0)]) }
        + (UInt8(3)...7).map { broken("opcode \($0)", [Frame(opcode: $0, payload: [1])]) }
        + (UInt8(11)...15).map { broken("opcode \($0)", [Frame(opcode: $0, payload: [1])]) }
        + [
            broken("a message before, then nonsense", [.text("a"), Frame(opcode: 5)], [.text("a")]),
            broken("a ping of 126 bytes", [.ping(String(repeating: "x", count: 126))]),
            broken("a ping in fragments", [Frame(opcode: 9, payload: [1], isFinal: false)]),
            broken("nothing to continue", [.more("a", isFinal: true)]),
            broken("a continuation behind a whole message", [.text("a"), .more("b", isFinal: true)], [.text("a")]),
            broken("text within text", [.text("a", isFinal: false), .text("b")]),
            broken("binary within text", [.text("a", isFinal: false), .binary([1], isFinal: true)]),
            broken("a close frame of one byte", [Frame(opcode: 8, payload: [3])]),
            broken("a close frame of 126 bytes", [.close(1000, String(repeating: "x", count: 124))]),
            broken("reserved bits in a ping", [Frame(opcode: 9, payload: [1], reserved: 4)]),
        ]
        + badCodes.map {
            broken("close code \($0)", [.close($0)])
        }

    private nonisolated static let badCodes: [UInt16] = [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
    ]

    private nonisolated static let badSequences: [[UInt8]] = [
        [0x80], [0xc0, 0xaf], [0xc1, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf],
        [0xf0, 0x80, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xfe], [0xff],
        [0x61, 0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0x61, 0xc3, 0x28],
    ]

    private nonisolated static let badText: [FramingCase] =
        badSequences.map { bytes in
            FramingCase(name: "text \(bytes)", input: [Frame(opcode: 1, payload: bytes)], code: 1007)
        } + [
            FramingCase(
                name: "bad text in the second fragment",
                input: [.text("a", isFinal: false), Frame(opcode: 0, payload: [0xff], isFinal: false)],
                code: 1007),
            FramingCase(
                name: "a reason that is not UTF-8", input: [Frame(opcode: 8, payload: [3, 232, 0xff, 0xfe])], code: 1007
            ),
        ]

    private nonisolated static let goodCodes: [UInt16] = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
    ]

    private nonisolated static let closings: [FramingCase] =
        goodCodes.map {
            FramingCase(name: "close code \($0) comes back", input: [.close($0)], output: [.close($0)], code: $0)
        } + [
            FramingCase(name: "a close without code", input: [.close()], output: [.close()], code: 1005),
            FramingCase(
                name: "the longest reason", input: [.close(1000, String(repeating: "r", count: 123))],
                output: [.close(1000, String(repeating: "r", count: 123))]),
            FramingCase(
                name: "nothing counts behind a close frame", input: [.close(1000), .text("late"), .ping("late")],
                output: [bye]),
            FramingCase(
                name: "a close frame within a message", input: [.text("a", isFinal: false), .close(1001)],
                output: [.close(1001)], code: 1001),
        ]

    private nonisolated static let limits: [FramingCase] = [
        FramingCase(
            name: "a frame that is too large", input: [.text("123456789")], code: 1009, change: { $0.message = 8 }),
        FramingCase(
            name: "fragments that are too large together",
            input: [.text("12345", isFinal: false), .more("6789", isFinal: true)], code: 1009,
            change: { $0.message = 8 }),
        FramingCase(
            name: "too many fragments", input: [.text("", isFinal: false), .more(""), .more(""), .more("")], code: 1008,
            change: { $0.fragments = 3 }),
        FramingCase(
            name: "the largest length there can be, announced only",
            raw: [0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4, 9], code: 1009),
        FramingCase(
            name: "a length above 63 bits", raw: [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 9], code: 1002),
        FramingCase(
            name: "a short length in the long form", raw: Frame.text("a").bytes(mask: [1, 2, 3, 4], lengthForm: 126),
            code: 1002),
        FramingCase(
            name: "a short length in the longest form",
            raw: Frame.text("a").bytes(mask: [1, 2, 3, 4], lengthForm: 127),
            code: 1002),
        FramingCase(name: "a frame without mask", raw: Frame.text("a").bytes(), code: 1002),
    ]

    @Test("a server reads frames as RFC 6455 says", arguments: good + violations + badText + closings + limits)
    func server(_ example: FramingCase) async throws {
        try await run(example, as: .server, stepwise: false)
        try await run(example, as: .server, stepwise: true)
    }

    @Test("a client reads frames as RFC 6455 says", arguments: good + violations + badText + closings)
    func client(_ example: FramingCase) async throws {
        try await run(example, as: .client, stepwise: false)
        try await run(example, as: .client, stepwise: true)
    }

    @Test("a client refuses masked frames")
    func maskedServer() async throws {
        let example = FramingCase(name: "", raw: Frame.text("a").bytes(mask: [1, 2, 3, 4]), code: 1002)
        try await run(example, as: .client, stepwise: false)
    }

    private func run(_ example: FramingCase, as role: WebSocket.Role, stepwise: Bool) async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        settings.pingPeriod = nil
        settings.closePatience = .seconds(3600)
        example.change(&settings)
        let socket = WebSocket(over: transport, as: role, settings: settings)
        let mask: [UInt8]? = role == .server ? [0xa5, 0x17, 0, 0xff] : nil
        let bytes = example.raw ?? example.input.flatMap { $0.bytes(mask: mask) }
        if stepwise {
            for byte in bytes { transport.feed([byte]) }
        } else {
            transport.feed(bytes)
        }
        try await Deadline.within(.seconds(20)) {
            for message in example.messages {
                let next = try await socket.next()
                #expect(next == message, "\(example.name)")
            }
            let end = try await socket.next()
            #expect(end == nil)
        }
        #expect(socket.closeCode?.rawValue == example.code, "\(example.name): \(socket.closeReason)")
        await Loop.yield()
        var sent = try #require(Frame.parse(transport.taken, areMasked: role == .client), "\(transport.taken)")
        if example.output.isEmpty || example.output.last?.opcode != 8 {
            // Ours to explain: the reason's words are free.
            let last = try #require(sent.last)
            sent.removeLast()
            #expect(last.opcode == 8 && Array(last.payload.prefix(2)) == Frame.close(example.code).payload)
        }
        #expect(sent == example.output, "\(example.name)")
        // After a goodbye it is the server that ends the stream; after a violation whoever saw it.
        let isGoodbye = example.output.last?.opcode == 8
        #expect(transport.isClosed == (role == .server || !isGoodbye))
        if !transport.isClosed { transport.breakOff() }
    }
}
