import CLinux
import Glibc

@testable import Runtime

/// A foreign program beside a test: its lines are read as they come, and closing its input ends it.
@Loop
final class PeerProcess: Pollable {
    private(set) var lines: [String] = []
    private let exit: ChildExit
    private var output: Int32
    private var input: Int32
    private var partial: [UInt8] = []
    private var isOutputEnded = false
    private var waiting: Waiter<Void>?

    init(_ arguments: [String]) throws {
        var (outward, inward): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard clinux_pipe(&outward) == 0, clinux_pipe(&inward) == 0 else {
            throw Fault.system("pipe", arguments[0], errno: errno)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The child waits for its input; only our end must not block.
        _ = fcntl(inward[0], F_SETFL, 0)
        posix_spawn_file_actions_adddup2(&actions, inward[0], 0)
        posix_spawn_file_actions_adddup2(&actions, outward[1], 1)
        posix_spawn_file_actions_adddup2(&actions, outward[1], 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var pid: pid_t = 0
        let result = posix_spawn(&pid, arguments[0]!, &actions, nil, arguments, environ)
        close(inward[0])
        close(outward[1])
        (input, output) = (inward[1], outward[0])
        guard result == 0 else { throw Fault.system("start", String(cString: arguments[0]!), errno: result) }
        exit = try ChildExit(pid: pid)
        Loop.watch(output, .readable, self)
    }

    /// Waits for a line, or the end of all output.
    func untilLines(_ isEnough: ([String]) -> Bool) async throws {
        while !isEnough(lines), !isOutputEnded {
            let waiter = Waiter<Void>("the peer, which said \(lines.suffix(5))")
            waiting = waiter
            try await waiter.value()
        }
    }

    /// Ends it by closing its input, or by force when it is in the middle of something.
    func end(byForce: Bool = false) async throws {
        if input >= 0 { close(input) }
        input = -1
        if byForce { exit.signal(SIGKILL) }
        _ = try await exit.value()
        if output >= 0 {
            Loop.unwatch(output)
            close(output)
            output = -1
        }
    }

    func ready(_ readiness: Readiness) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(output, &buffer, buffer.count)
        if count > 0 {
            for byte in buffer[..<count] {
                if byte == 10 {
                    lines.append(String(decoding: partial, as: UTF8.self))
                    partial = []
                } else {
                    partial.append(byte)
                }
            }
        } else if count == 0 {
            isOutputEnded = true
            Loop.unwatch(output)
            close(output)
            output = -1
        }
        waiting?.finish(.success(()))
    }
}
