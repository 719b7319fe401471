import CLinux
import Glibc
import Testing

@testable import Runtime

@Suite("process table")
@Loop
struct ProcessTableTests {
    @Test("a name may hold parentheses, spaces and line ends")
    func parse() {
        func line(_ name: String) -> [UInt8] {
            let fields = (4...52).map { "\($0)" }.joined(separator: " ")
            return Array("42 (\(name)) S \(fields)\n".utf8)
        }
        for name in ["sh", ") (", "a) R 1 (b", "x\ny", "", "((((", "))))"] {
            let stat = ProcessStat(line(name))
            #expect(stat?.name == name)
            #expect(stat?.pid == 42 && stat?.state == "S" && stat?.parent == 4 && stat?.group == 5)
            #expect(stat?.session == 6 && stat?.startTime == 22 && stat?.residentPages == 24 && stat?.cpuTicks == 29)
        }
    }

    @Test(
        "what is no line of the kernel's is passed over",
        arguments: [
            "", "42", "42 (sh", "42 sh) S 1", "x (sh) S 1 2 3", "42 (sh) S 1 2 3", ")(", "42 (sh) S a b c d e f",
        ])
    func malformed(text: String) { #expect(ProcessStat(Array(text.utf8)) == nil) }

    @Test("shows a child with its name, arguments, place, parent, group and memory")
    func child() async throws {
        let directory = TemporaryDirectory()
        let name = "a) (b"
        try #require(
            try await Subprocess.run(["cp", "/bin/sleep", "\(directory.path)/\(name)"]).succeeded)
        let child = try await Subprocess.start(["\(directory.path)/\(name)", "600"], .init(directory: directory.path))
        let table = try await ProcessTable.snapshot()
        let entry = try #require(table.entries[child.pid])
        #expect(entry.name == name && entry.parent == getpid() && entry.group == child.pid)
        #expect(entry.arguments == ["\(directory.path)/\(name)", "600"])
        #expect(entry.directory == directory.path && entry.userID == getuid() && entry.residentBytes > 0)
        #expect(table[entry.identity] == entry)
        #expect(try table.entries[getpid()]?.identity == ProcessTable.own())
        await child.stop(grace: .zero)
        #expect(try await ProcessTable.snapshot()[entry.identity] == nil)
    }

    @Test("trees and groups follow parents, and a circle does not hold them up")
    func tree() {
        func entry(_ pid: Int32, _ parent: Int32, _ group: Int32) -> ProcessEntry {
            ProcessEntry(
                identity: ProcessIdentity(pid: pid, startTime: 1, bootID: "b"), parent: parent, group: group,
                session: 1,
                userID: 0, state: "S", name: "x", arguments: [], residentBytes: 0, cpuTime: .zero, directory: nil)
        }
        let table = ProcessTable([
            entry(1, 0, 1), entry(5, 1, 5), entry(9, 5, 5), entry(7, 5, 7), entry(8, 9, 8), entry(20, 21, 1),
            entry(21, 20, 1),
        ])
        #expect(table.tree(of: 5).map(\.pid) == [5, 7, 9, 8])
        #expect(table.descendants(of: 9).map(\.pid) == [8])
        #expect(table.group(5).map(\.pid) == [5, 9])
        #expect(table.tree(of: 20).map(\.pid) == [20, 21])
        #expect(table.tree(of: 99).isEmpty)
    }

    @Test("a process of the same number but another start is left alone")
    func reusedNumber() async throws {
        let child = try await Subprocess.start(["sleep", "600"])
        let real = try #require(try await ProcessTable.snapshot().entries[child.pid]).identity
        for wrong in [
            ProcessIdentity(pid: real.pid, startTime: real.startTime + 1, bootID: real.bootID),
            ProcessIdentity(pid: real.pid, startTime: real.startTime, bootID: "another boot"),
        ] {
            let fault = await #expect(throws: Fault.self) { try await ProcessTable.terminate(wrong, grace: .zero) }
            #expect(fault?.kind == .notFound)
        }
        #expect(child.isRunning)
        #expect(try await ProcessTable.terminate(real) == [real])
        #expect(try await child.value() == .signalled(SIGTERM))
    }

    @Test("this process, and what holds it, are not ended")
    func own() async throws {
        for extent in [ProcessTable.Extent.process, .group, .tree] {
            let fault = await #expect(throws: Fault.self) {
                try await ProcessTable.terminate(ProcessTable.own(), extent, grace: .zero)
            }
            #expect(fault?.kind == .denied)
        }
    }

    @Test(
        "a tree ends with all in it, also those who ignore SIGTERM and lead other sessions", arguments: [true, false])
    func stubbornTree(isTree: Bool) async throws {
        let script = "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$; sleep 3600; :' & wait; sleep 3600"
        let child = try await Subprocess.start(["sh", "-c", script], .init(output: .stream))
        let text = try #require(try await child.output?.next()).prefix { $0 != 10 }
        let inner = try #require(Int32(String(decoding: text, as: UTF8.self)))
        let table = try await ProcessTable.snapshot()
        let identity = try #require(table.entries[child.pid]).identity
        let innerIdentity = try #require(table.entries[inner]).identity
        try await ProcessTable.terminate(identity, isTree ? .tree : .group, grace: .milliseconds(50))
        #expect(try await child.value() == .signalled(SIGKILL))
        let after = try await ProcessTable.snapshot()
        if isTree {
            #expect(after[innerIdentity].map(\.hasEnded) ?? true)
        } else {
            #expect(after[innerIdentity] != nil, "another group is not touched")
            try await ProcessTable.terminate(innerIdentity, .tree, grace: .zero)
        }
        await child.stop(grace: .zero)
    }

    @Test("what we started is found by a mark in its environment, wherever it went")
    func marker() async throws {
        let mark = "mark-\(getpid())-\(Instant.clock.nanoseconds)"
        let result = try await Subprocess.run(
            ["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo started"],
            .init(environment: .inherit(["PATH"], adding: ["PERIGEE_TEST_MARK": mark])))
        #expect(result.succeeded)
        var found: [ProcessIdentity] = []
        try await Deadline.within(.seconds(20)) {
            while found.isEmpty {
                found = try await ProcessTable.snapshot().environment("PERIGEE_TEST_MARK").filter { $0.value == mark }
                    .map(\.key)
            }
        }
        for identity in found { try await ProcessTable.terminate(identity, grace: .seconds(5)) }
    }
}
