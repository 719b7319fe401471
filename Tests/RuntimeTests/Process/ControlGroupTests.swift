import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("control groups", .serialized)
@Loop
struct ControlGroupTests {
    @Test("mounts and groups are read as the kernel writes them")
    func parse() {
        let mounts = ControlMount.all(
            """
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
            31 22 0:26 / /sys/fs/cgroup/memory rw,relatime shared:9 master:2 - cgroup cgroup rw,memory
            32 22 0:27 /docker/ab /sys/fs/cgroup/cpu\\040acct rw - cgroup cgroup rw,cpu,cpuacct
            33 22 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
            34 22 0:29 / /broken
            """)
        #expect(mounts.map(\.point) == ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu acct", "/sys/fs/cgroup/unified"])
        #expect(mounts.map(\.isUnified) == [false, false, true])
        let own = OwnControlGroup.all(
            "4:memory:/a/b\n3:cpu,cpuacct:/docker/ab/x\n2:name=systemd:/s\n0::/u:v\nnonsense\n")
        #expect(own.count == 3)
        let directories = mounts.map { mount in own.first { mount.serves($0) }.flatMap { mount.directory(of: $0) } }
        #expect(
            directories == [
                "/sys/fs/cgroup/memory/a/b", "/sys/fs/cgroup/cpu acct/x", "/sys/fs/cgroup/unified/u:v",
            ])
        #expect(mounts[1].directory(of: OwnControlGroup(controllers: ["cpu"], path: "/docker/abc")) == nil)
    }

    @Test("bounds are written as each version wants them, and only where a controller is")
    func bounds() {
        let limits = ControlGroup.Limits(memory: 1000, cpus: 0.5, processes: 20)
        func bounds(_ controllers: Set<String>, _ isUnified: Bool) -> [String] {
            ControlGroups.bounds(limits, controllers, isUnified: isUnified).map { "\($0.file)=\($0.value)" }
        }
        #expect(
            bounds(["memory", "pids", "cpu"], true) == [
                "memory.max=1000", "memory.swap.max=0", "pids.max=20", "cpu.max=50000 100000",
            ])
        #expect(bounds(["memory"], false) == ["memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=1000"])
        #expect(bounds(["pids"], false) == ["pids.max=20"])
        #expect(bounds(["cpu", "cpuacct"], false) == ["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000"])
        #expect(bounds([], true).isEmpty)
        #expect(ControlGroups.bounds(.init(), ["memory", "pids", "cpu"], isUnified: true).isEmpty)
    }

    /// Makes a group for a test; nil, with a loud line, where none can be made.
    private func group(_ limits: ControlGroup.Limits) throws -> (ControlGroups, ControlGroup)? {
        let groups = ControlGroups.found()
        guard TestEnvironment.that(groups.isUsable, "a real control group", "none can be made here"),
            let group = try groups.make("perigee-test-\(Random.token(bytes: 6))", limits)
        else { return nil }
        return (groups, group)
    }

    @Test("who crosses the threshold is in the group with all that it starts, and all of it ends with the group")
    func members() async throws {
        try await Deadline.within(.seconds(60)) {
            guard let (groups, group) = try group(.init()) else { return }
            defer { #expect(group.directories.allSatisfy { access($0, F_OK) != 0 }) }
            let command = ["sh", "-c", "env -i setsid sleep 600 & env -i setsid sleep 600 & echo $NUMBER; wait"]
            let child = try await Subprocess.start(
                Threshold(group: group, numberVariable: "NUMBER").arguments(command), .init(output: .stream))
            let line = String(decoding: try await child.output?.next() ?? [], as: UTF8.self)
            #expect(line == "\(child.pid)\n")
            while group.members().count < 3 { try await Loop.sleep(for: .milliseconds(5)) }
            #expect(ControlGroups.ours(of: child.pid, like: group)?.directories.sorted() == group.directories.sorted())
            #expect(groups.group(group.name) == group)
            groups.removeEmpty(named: "perigee-test-", except: [])
            #expect(!group.remove(), "a group with members stays")
            try await ProcessKin(group: group).end(grace: .zero)
            #expect(try await child.value() == .signalled(SIGKILL))
            #expect(group.members().isEmpty)
            await child.stop()
        }
    }

    @Test("an empty group goes, and one that cannot be entered lets nothing start")
    func refused() async throws {
        guard let (groups, group) = try group(.init(processes: 50)) else { return }
        groups.removeEmpty(named: group.name, except: [group.name])
        #expect(group.directories.allSatisfy { access($0, F_OK) == 0 })
        groups.removeEmpty(named: group.name, except: [])
        #expect(group.directories.allSatisfy { access($0, F_OK) != 0 })
        let result = try await Subprocess.run(
            Threshold(group: group, numberVariable: "NUMBER").arguments(["echo", "started"]))
        #expect(result.exitCode == Threshold.refused && result.outputText.isEmpty)
    }

    @Test("more processes than allowed are refused, and more memory is answered with a kill that is counted")
    func limits() async throws {
        try await Deadline.within(.seconds(60)) {
            guard let (groups, group) = try group(.init(memory: 32 << 20, processes: 12)),
                TestEnvironment.that(
                    groups.boundsMemory && groups.boundsProcesses, "bounds of memory and processes",
                    "no control group bounds them here")
            else { return }
            let threshold = Threshold(group: group, numberVariable: "NUMBER")
            let forks = try await Subprocess.run(
                threshold.arguments(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 600 & done"]))
            #expect(!forks.succeeded && forks.errorText.contains("ork"))
            #expect(group.members().count <= 12)
            try await BlockingPool.shared.run("killing") { group.kill() }
            while !group.members().isEmpty { try await Loop.sleep(for: .milliseconds(5)) }
            #expect(group.outOfMemoryKills == 0)
            let hog = try await Subprocess.run(threshold.arguments(["tail", "/dev/zero"]))
            #expect(hog.end == .signalled(SIGKILL) && group.outOfMemoryKills > 0)
            #expect(group.memory != nil && group.cpuTime != nil)
            try await ProcessKin(group: group).end(grace: .zero)
            #expect(group.directories.allSatisfy { access($0, F_OK) != 0 })
        }
    }
}
