import CLinux
import Glibc

@testable import Runtime

/// A socket that says exactly what a test wants, and keeps what comes back.
@Loop
final class RawClient: Pollable {
    private(set) var received: [UInt8] = []
    private(set) var isEnded = false
    private var descriptor: Int32
    private var unsent: [UInt8] = []
    private var waiting: Waiter<Void>?
    private var isReading = true
    /// What has come is counted but not kept.
    var discards = false
    private(set) var receivedCount = 0

    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let result = SocketAddress.with(IPAddress("127.0.0.1")!, port: port) { [descriptor] in
            connect(descriptor, $0, $1)
        }
        guard result == 0 else { throw Fault.system("connect", "port \(port)", errno: errno) }
        begin()
    }

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let result = try SocketAddress.with(path: path) { [descriptor] in connect(descriptor, $0, $1) }
        guard result == 0 else { throw Fault.system("connect", path, errno: errno) }
        begin()
    }

    private func begin() {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        Loop.watch(descriptor, .readable, self)
    }

    // MARK: acts

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        unsent += bytes
        push()
    }

    /// Each byte in a turn of its own.
    func dribble(_ bytes: [UInt8]) async {
        for byte in bytes where !isEnded {
            send([byte])
            await Loop.yield()
        }
    }

    var unsentCount: Int { unsent.count }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func pauseReading() {
        isReading = false
        update()
    }

    func resumeReading() {
        isReading = true
        update()
    }

    func close() {
        guard descriptor >= 0 else { return }
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
        descriptor = -1
        isEnded = true
        waiting?.finish(.success(()))
    }

    // MARK: waiting

    func until(_ condition: (RawClient) -> Bool) async throws {
        try await Deadline.within(.seconds(20)) {
            while !condition(self) {
                let waiter = Waiter<Void>("the server (received \(text.suffix(300).debugDescription))")
                waiting = waiter
                try await waiter.value()
            }
        }
    }

    func untilEnd() async throws { try await until { $0.isEnded } }

    func until(contains text: String) async throws {
        try await until { $0.text.contains(text) || $0.isEnded }
    }

    var text: String { String(decoding: received, as: UTF8.self) }
    var statuses: [Int] { AnswerReader.read(received).map(\.status) }
    var answers: [Answer] { AnswerReader.read(received) }

    // MARK: events

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { push() }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = isReading ? recv(descriptor, &buffer, buffer.count, 0) : -1
        if count > 0 {
            receivedCount += count
            if !discards { received += buffer[..<count] }
        } else if count == 0 || isReading && errno != EAGAIN {
            close()
        } else if !isReading, !readiness.isDisjoint(with: .failed) {
            close()
        }
        waiting?.finish(.success(()))
    }

    private func push() {
        while !unsent.isEmpty, descriptor >= 0 {
            let count = Glibc.send(descriptor, unsent, unsent.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { break }
            unsent.removeFirst(count)
        }
        update()
    }

    private func update() {
        guard descriptor >= 0 else { return }
        var interest: Readiness = isReading ? .readable : []
        if !unsent.isEmpty { interest.insert(.writable) }
        Loop.change(descriptor, interest)
    }
}

struct Answer: Equatable {
    var status: Int
    var head: String
    var body: String
    var isWhole: Bool

    func field(_ name: String) -> String? {
        for line in head.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == name.lowercased() { return String(parts[1].dropFirst()) }
        }
        return nil
    }
}

/// Reads a stream of answers, as strictly as a test wants.
enum AnswerReader {
    static func read(_ bytes: [UInt8]) -> [Answer] {
        var answers: [Answer] = []
        var rest = bytes[...]
        while let end = find(rest, "\r\n\r\n") {
            let head = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 4)...]
            guard let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0.prefix(3)) }) else {
                break
            }
            var answer = Answer(status: status, head: head, body: "", isWhole: true)
            if let length = answer.field("content-length").flatMap({ Int($0) }), status != 304 {
                answer.isWhole = rest.count >= length
                answer.body = String(decoding: rest.prefix(length), as: UTF8.self)
                rest = rest.dropFirst(length)
            } else if answer.field("transfer-encoding") == "chunked" {
                (answer.body, answer.isWhole) = chunks(&rest)
            } else if status >= 200, status != 204, status != 304, answer.field("connection") == "close" {
                answer.body = String(decoding: rest, as: UTF8.self)
                rest = []
            }
            answers.append(answer)
        }
        return answers
    }

    private static func chunks(_ rest: inout ArraySlice<UInt8>) -> (String, Bool) {
        var body: [UInt8] = []
        while let end = find(rest, "\r\n") {
            guard let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16) else { break }
            guard rest.count >= end - rest.startIndex + 4 + size else { break }
            let start = end + 2
            body += rest[start..<(start + size)]
            rest = rest[(start + size + 2)...]
            if size == 0 { return (String(decoding: body, as: UTF8.self), true) }
        }
        return (String(decoding: body, as: UTF8.self), false)
    }

    private static func find(_ bytes: ArraySlice<UInt8>, _ text: String) -> Int? {
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            var index = 0
            while index + wanted.count <= buffer.count {
                if buffer[index] == wanted[0], (0..<wanted.count).allSatisfy({ buffer[index + $0] == wanted[$0] }) {
                    return bytes.startIndex + index
                }
                index += 1
            }
            return nil
        }
    }
}
