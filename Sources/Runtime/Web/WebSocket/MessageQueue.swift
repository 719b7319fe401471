/// Received messages that nobody has read yet, with the bounds at which the peer is held back.
struct MessageQueue {
    private let byteLimit: Int
    private let countLimit: Int
    private var messages: [WebSocket.Message] = []
    private var head = 0
    private var bytes = 0

    init(byteLimit: Int, countLimit: Int) {
        self.byteLimit = byteLimit
        self.countLimit = countLimit
    }

    var count: Int { messages.count - head }
    /// Reading pauses here. What had come already is kept: at most one read of the socket above the bound.
    var isFull: Bool { count >= countLimit || bytes >= byteLimit }
    /// Reading goes on here.
    var hasRoom: Bool { count <= countLimit / 2 && bytes <= byteLimit / 2 }

    mutating func append(_ message: WebSocket.Message) {
        messages.append(message)
        bytes += message.byteCount
    }

    mutating func take() -> WebSocket.Message? {
        guard head < messages.count else { return nil }
        let message = messages[head]
        head += 1
        bytes -= message.byteCount
        // A reader that never quite catches up must not let the taken ones pile up before it.
        if head == messages.count || head >= 1024 {
            messages.removeFirst(head)
            head = 0
        }
        return message
    }

    mutating func removeAll() {
        messages = []
        head = 0
        bytes = 0
    }
}

extension WebSocket.Message {
    var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }

    var opcode: UInt8 {
        switch self {
        case .text: Opcode.text
        case .binary: Opcode.binary
        }
    }

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        switch self {
        case .text(var text): text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
        case .binary(let bytes): bytes.withUnsafeBytes(body)
        }
    }
}
