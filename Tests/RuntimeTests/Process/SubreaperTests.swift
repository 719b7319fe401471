import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("adopting orphans", .serialized)
@Loop
struct SubreaperTests {
    /// Starts a process that has lost its parent when this returns.
    private func orphan(_ directory: TemporaryDirectory) async throws -> ProcessIdentity {
        let script = "setsid sh -c 'echo $$ > pid; exec sleep 600' & until [ -s pid ]; do :; done; cat pid"
        let result = try await Subprocess.run(["sh", "-c", script], .init(directory: directory.path))
        let pid = try #require(Int32(result.outputText.filter { $0 != "\n" }))
        return try #require(ProcessTable.identity(of: pid))
    }

    @Test("who loses its parent becomes our child, and is reaped when it ends")
    func adoption() async throws {
        try await Deadline.within(.seconds(30)) {
            try Subreaper.begin()
            defer { Subreaper.end() }
            let directory = TemporaryDirectory()
            let orphan = try await orphan(directory)
            #expect(ProcFiles.stat(orphan.pid)?.parent == getpid())
            try await ProcessTable.terminate(orphan)
            // Not even a zombie is left, which only its reaper can bring about.
            while ProcFiles.stat(orphan.pid)?.startTime == orphan.startTime {
                try await Loop.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test("our own children's exit codes stay theirs, also among orphans that end meanwhile")
    func ownChildren() async throws {
        try await Deadline.within(.seconds(60)) {
            try Subreaper.begin()
            defer { Subreaper.end() }
            for code in 1...40 {
                let result = try await Subprocess.run(["sh", "-c", "(sh -c 'exit 9' &); (exit 3) & exit \(code)"])
                #expect(result.exitCode == Int32(code))
            }
            while try await ProcessTable.snapshot().entries.values.contains(where: {
                $0.parent == getpid() && $0.hasEnded
            }) {
                try await Loop.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test("as many as ask for it share it, and the last one lets it go")
    func shared() async throws {
        try await Deadline.within(.seconds(30)) {
            let directory = TemporaryDirectory()
            try Subreaper.begin()
            try Subreaper.begin()
            Subreaper.end()
            let adopted = try await orphan(directory)
            #expect(ProcFiles.stat(adopted.pid)?.parent == getpid())
            Subreaper.end()
            let other = TemporaryDirectory()
            let stranger = try await orphan(other)
            #expect(ProcFiles.stat(stranger.pid)?.parent != getpid())
            try Subreaper.begin()
            try await ProcessTable.terminate(adopted)
            try await ProcessTable.terminate(stranger)
            while ProcFiles.stat(adopted.pid)?.startTime == adopted.startTime {
                try await Loop.sleep(for: .milliseconds(5))
            }
            Subreaper.end()
        }
    }
}
