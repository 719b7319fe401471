import CWslay

/// Frames on the wire, by wslay's frame layer. Its event layer is not used: it holds twice the memory for a connection,
/// and answers pings without bound.
@Loop
final class FrameCodec {
    private nonisolated(unsafe) var context: wslay_frame_context_ptr?
    private let isClient: Bool
    fileprivate var input = UnsafeRawBufferPointer(start: nil, count: 0)
    fileprivate let transport: any ByteTransport
    fileprivate var random = SystemRandomNumberGenerator()

    init(isClient: Bool, over transport: any ByteTransport) {
        self.isClient = isClient
        self.transport = transport
        var callbacks = wslay_frame_callbacks(
            send_callback: sendBytes, recv_callback: receiveBytes, genmask_callback: makeMask)
        let result = wslay_frame_context_init(&context, &callbacks, Unmanaged.passUnretained(self).toOpaque())
        precondition(result == 0, "no memory for a WebSocket")
    }

    deinit { wslay_frame_context_free(context) }

    /// Gives the frames in `bytes`, piece by piece, until `take` says no. False when they are no frames.
    func receive(_ bytes: UnsafeRawBufferPointer, _ take: (FramePiece) -> Bool) -> Bool {
        input = bytes
        defer { input = UnsafeRawBufferPointer(start: nil, count: 0) }
        while true {
            var block = wslay_frame_iocb()
            let before = input.count
            let result = wslay_frame_recv(context, &block)
            guard result >= 0 else {
                if result != Int(WSLAY_ERR_WANT_READ.rawValue) { return false }
                if input.isEmpty || input.count == before { return true }
                continue
            }
            let piece = FramePiece(
                opcode: block.opcode, isFinal: block.fin != 0, reserved: block.rsv, isMasked: block.mask != 0,
                length: block.payload_length, bytes: UnsafeRawBufferPointer(start: block.data, count: block.data_length)
            )
            if !take(piece) { return true }
        }
    }

    /// Writes one whole frame.
    func send(_ opcode: UInt8, isFinal: Bool = true, _ bytes: UnsafeRawBufferPointer) {
        var block = wslay_frame_iocb()
        block.fin = isFinal ? 1 : 0
        block.opcode = opcode
        block.mask = isClient ? 1 : 0
        block.payload_length = UInt64(bytes.count)
        block.data = bytes.bindMemory(to: UInt8.self).baseAddress
        block.data_length = bytes.count
        let sent = wslay_frame_send(context, &block)
        precondition(sent == bytes.count, "wslay refused a frame of \(bytes.count) bytes")
    }
}

/// What wslay hands to its callbacks. They only come while one of its functions runs, on the loop.
private struct Lent<Pointer>: @unchecked Sendable {
    let pointer: Pointer
    let codec: UnsafeMutableRawPointer?

    init(_ pointer: Pointer, _ codec: UnsafeMutableRawPointer?) {
        self.pointer = pointer
        self.codec = codec
    }

    @Loop
    var owner: FrameCodec { Unmanaged<FrameCodec>.fromOpaque(codec!).takeUnretainedValue() }
}

private func sendBytes(
    _ data: UnsafePointer<UInt8>?, _ count: Int, _ flags: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    let lent = Lent(data, context)
    return Loop.assumeIsolated {
        lent.owner.transport.send(UnsafeRawBufferPointer(start: lent.pointer, count: count))
        return count
    }
}

private func receiveBytes(
    _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int, _ flags: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    let lent = Lent(buffer, context)
    return Loop.assumeIsolated {
        let codec = lent.owner
        let taken = min(count, codec.input.count)
        guard taken > 0, let start = codec.input.baseAddress else { return -1 }
        UnsafeMutableRawPointer(lent.pointer!).copyMemory(from: start, byteCount: taken)
        codec.input = UnsafeRawBufferPointer(rebasing: codec.input[taken...])
        return taken
    }
}

/// RFC 6455 §5.3 wants masks that nobody can foresee; Swift's generator asks the kernel.
private func makeMask(_ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int32
{
    let lent = Lent(buffer, context)
    return Loop.assumeIsolated {
        let bits = lent.owner.random.next()
        precondition(count <= 8, "a mask has four bytes")
        for index in 0..<count { lent.pointer![index] = UInt8(truncatingIfNeeded: bits >> (UInt64(index) * 8)) }
        return 0
    }
}
