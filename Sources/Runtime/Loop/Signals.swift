import CLinux
import Glibc

/// Delivers process signals on the loop.
@Loop
public final class Signals: Pollable {
    private let reader: Int32
    private let writer: Int32
    private let handler: (Int32) -> Void
    private let signals: [Int32]

    public init(_ signals: [Int32], _ handler: @escaping (Int32) -> Void) throws {
        var ends: [Int32] = [0, 0]
        guard clinux_pipe(&ends) == 0 else { throw Fault.system("pipe", "for signals", errno: errno) }
        (reader, writer) = (ends[0], ends[1])
        self.signals = signals
        self.handler = handler
        Loop.watch(reader, .readable, self)
        for signal in signals { clinux_forward_signal(signal, writer) }
    }

    public func close() {
        for signal in signals { clinux_restore_signal(signal) }
        Loop.unwatch(reader)
        Glibc.close(reader)
        Glibc.close(writer)
    }

    public func ready(_ readiness: Readiness) {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(reader, &bytes, bytes.count)
        for byte in bytes.prefix(max(0, count)) { handler(Int32(byte)) }
    }
}
