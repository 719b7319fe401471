import Glibc
import Runtime
import Testing

@Suite("event sources", .serialized)
@Loop
struct EventSourceTests {
    @Test("a signal is delivered on the loop")
    func signals() async throws {
        let seen = Mailbox<Int32>("signals")
        let signals = try Signals([SIGUSR2]) { seen.send($0) }
        kill(getpid(), SIGUSR2)
        #expect(try await seen.next() == SIGUSR2)
        signals.close()
    }

    @Test("a child's exit code and its deadly signal are told apart, to all who wait")
    func childExit() async throws {
        let plain = try ChildExit(pid: spawn(["sh", "-c", "exit 7"]))
        #expect(try await plain.value() == .exited(7))
        #expect(try await plain.value() == .exited(7))
        #expect(!plain.signal(SIGTERM), "an ended child gets no signals")

        let killed = try ChildExit(pid: spawn(["sleep", "3600"]))
        #expect(killed.signal(SIGKILL))
        #expect(try await killed.value() == .signalled(SIGKILL))
    }

    @Test("file changes are told with directory, name and kind")
    func fileWatch() async throws {
        let directory = TemporaryDirectory()
        let changes = Mailbox<FileWatch.Change>("changes", limit: .max)
        let watch = try FileWatch { for change in $0 { changes.send(change) } }
        try watch.add(directory.path)

        func expect(_ kind: FileWatch.Kind, _ name: String) async throws {
            try await Deadline.within(.seconds(20)) {
                while let change = try await changes.next() {
                    if change.kind == kind && change.name == name && change.directory == directory.path { return }
                }
            }
        }
        directory.write("one", to: "a.lua")
        try await expect(.appeared, "a.lua")
        try await expect(.written, "a.lua")
        rename("\(directory.path)/a.lua", "\(directory.path)/b.lua")
        try await expect(.vanished, "a.lua")
        try await expect(.appeared, "b.lua")
        rmdir(directory.path)
        unlink("\(directory.path)/b.lua")
        try await expect(.vanished, "b.lua")
        rmdir(directory.path)
        try await expect(.directoryGone, "")
        watch.close()
    }

    @Test("watching what is not there says so")
    func fileWatchMissing() throws {
        let watch = try FileWatch { _ in }
        let fault = #expect(throws: Fault.self) { try watch.add("/nonexistent/scripts") }
        #expect(fault?.kind == .notFound)
        #expect(fault?.message.contains("/nonexistent/scripts") == true)
        watch.close()
    }

    private func spawn(_ arguments: [String]) -> Int32 {
        var pid: pid_t = 0
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let result = posix_spawnp(&pid, arguments[0], nil, nil, &pointers, environ)
        precondition(result == 0, "cannot start \(arguments[0])")
        return pid
    }
}
