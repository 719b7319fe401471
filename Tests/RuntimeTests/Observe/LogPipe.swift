import Glibc

@testable import Runtime

/// A log that writes into a pipe, and its reading end.
final class LogPipe: Sendable {
    let reader: Int32
    private let writer: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "no pipe")
        (reader, writer) = (ends[0], ends[1])
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
        // F_SETPIPE_SZ, which Glibc's Swift module leaves out.
        _ = fcntl(writer, 1031, 65_536)
    }

    deinit {
        close(reader)
        close(writer)
    }

    func log(
        _ format: Log.Format = .json, level: Log.Level = .info, secrets: Redactor = Redactor(),
        limits: Log.Limits = Log.Limits(), coloured: Bool? = nil
    ) -> Log {
        Log(to: writer, format: format, level: level, coloured: coloured, secrets: secrets, limits: limits)
    }

    /// What is in the pipe now.
    func take() -> [UInt8] {
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(reader, &bytes, bytes.count)
            if count <= 0 { return all }
            all.append(contentsOf: bytes[..<count])
        }
    }

    /// All lines that `log` has written so far.
    func lines(of log: Log) -> [String] {
        precondition(log.flush(atMost: .seconds(10)), "the log does not get rid of its lines")
        return String(decoding: take(), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
