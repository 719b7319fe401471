import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runners as processes: apart from each other", .serialized)
@Loop
struct ProcessIsolationTests {
    @Test("two users' runners cannot read, write, see, signal or speak for each other")
    func apart() async throws {
        try await ProcessBed.with { bed in
            let ada = try await bed.start(bed.spec("ada"))
            let bob = try await bed.start(bed.spec("bob"))
            bed.directory.write("private to bob", to: "bob/work/diary")
            bed.directory.write("the state", to: "perigee.db")
            bed.begin("sleep 620", in: bob, of: "bob")
            try await bed.until("bob's tool") { try await bed.ours().contains { $0.arguments.last == "620" } }
            let bobs = try await bed.ours().filter { $0.arguments.last == "620" || $0.arguments.contains("serve") }
            let numbers = bobs.map { "\($0.pid)" }.joined(separator: " ")

            let seen = try await bed.run(
                """
                root=\(bed.directory.path)
                cat $root/bob/work/diary $root/bob/private/data/opencode/sessions.json $root/perigee.db
                cat $root/logs/runner-bob.log $root/logs/runner-ada.log; ls $root $root/bob
                echo x > $root/bob/work/planted; echo x > $root/planted; ln -s $root/bob/work/diary l; cat l
                for pid in \(numbers); do
                  [ $pid -gt 60 ] && kill -9 $pid && echo KILLED
                  tr '\\0' '\\n' < /proc/$pid/environ | grep sk-secret-of-bob
                done
                cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep sk-secret-of-bob
                cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'slee[p] 620'
                echo
                """, in: ada)
            for word in [
                "private to bob", "the state", "listening", "KILLED", "secret-of-bob", "sleep 620",
            ] {
                #expect(!seen.contains(word), "\(word): \(seen)")
            }
            #expect(!bed.exists("bob/work/planted") && !bed.exists("planted"))
            for place in [bob] {
                #expect(try await bed.backend.presence(of: place) == .up)
                #expect(try await bed.status(place, password: place.password.reveal()) == 200)
                #expect(try await bed.status(place, password: ada.password.reveal()) == 401)
            }
            for place in [ada, bob] { try await bed.backend.stop(place, grace: .zero) }
        }
    }

    @Test("a neighbour's port answers, and lets nobody in without its password")
    func loopback() async throws {
        guard TestEnvironment.program("curl", for: "a neighbour's port") != nil else { return }
        try await ProcessBed.with { bed in
            let ada = try await bed.start(bed.spec("ada"))
            let bob = try await bed.start(bed.spec("bob"))
            let seen = try await bed.run(
                "curl -s -o /dev/null -w '%{http_code} ' \(bob.address)/session; "
                    + "curl -s -o /dev/null -w '%{http_code}' -u opencode:$OPENCODE_SERVER_PASSWORD \(bob.address)/session",
                in: ada)
            #expect(seen.contains("401 401"), "\(seen)")
            for place in [ada, bob] { try await bed.backend.stop(place, grace: .zero) }
        }
    }

    @Test("a fork bomb and a hog of memory stay within their runner, and its neighbour goes on")
    func excess() async throws {
        try await ProcessBed.with { bed in
            let groups = bed.backend.facts.groups
            guard
                TestEnvironment.that(
                    groups.boundsMemory && groups.boundsProcesses, "a fork bomb in a runner",
                    "no control group bounds memory and processes here")
            else { return }
            let ada = try await bed.start(
                bed.spec("ada") {
                    $0.limits = RunnerLimits(memory: 256 << 20, cpus: 1, processes: 64)
                })
            let bob = try await bed.start(bed.spec("bob"))
            let hog = try await bed.run("tail /dev/zero; echo ended with $?", in: ada)
            #expect(hog.contains("ended with 137"))
            let disk = try await bed.run(
                "head -c 900000000 /dev/zero > /tmp/big; wc -c < /tmp/big; rm /tmp/big", in: ada)
            #expect(disk.contains("\(128 << 20)") || disk.contains("Killed"), "\(disk)")
            let uses = try await bed.backend.use(of: ada)
            #expect(uses.memory ?? .max <= 256 << 20)
            bed.begin("exec perl -e 'while (1) { fork // sleep 1 }'", in: ada)
            // Threads count as well, those of the agent included.
            try await bed.until("the bomb") { try await bed.backend.use(of: ada).processes ?? 0 >= 30 }
            #expect(try await bed.backend.use(of: ada).processes ?? .max <= 64)
            #expect(try await bed.status(bob, password: bob.password.reveal()) == 200)
            #expect(try await bed.run("echo still $((1 + 1))", in: bob, of: "bob").contains("still 2"))
            for place in [ada, bob] { try await bed.backend.stop(place, grace: .zero) }
        }
    }

    @Test("a runner that is killed for want of memory says so")
    func outOfMemory() async throws {
        try await ProcessBed.with(sandbox: .none) { bed in
            guard
                TestEnvironment.that(
                    bed.backend.facts.groups.boundsMemory, "a runner out of memory", "no control group bounds it here")
            else { return }
            bed.directory.write(
                "echo opencode server listening on http://127.0.0.1:1; until [ -e go ]; do :; done; exec tail /dev/zero",
                to: "hog")
            let command = ["/bin/sh", "\(bed.directory.path)/hog", "{port}"]
            let place = try await bed.start(
                bed.spec {
                    $0.command = command
                    $0.limits.memory = 32 << 20
                })
            bed.directory.write("", to: "ada/work/go")
            let end = try await bed.backend.end(of: place)
            #expect(end == RunnerEnd(reason: "killed: out of memory", wasOutOfMemory: true))
            try await bed.backend.stop(place, grace: .zero)
        }
    }
}
