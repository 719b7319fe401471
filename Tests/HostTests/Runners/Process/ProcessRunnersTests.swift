import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the program with runners as processes", .serialized)
@Loop
struct ProcessRunnersTests {
    @Test("each user's turn is answered by a runner of their own, and on one that is up nothing is started")
    func own() async throws {
        try await ProcessChats.with { chats in
            for user in ["ann", "bob"] {
                let reply = try await chats.turn(user, "say hello \(user)")
                #expect(reply.text.hasSuffix("hello \(user)") && reply.ends == 1, "\(reply.body)")
            }
            let before = Set(try await chats.processes())
            #expect(try await chats.starts().values.map(\.count) == [1, 1])
            #expect(try await chats.turn("ann", "say again").text.hasSuffix("again"))
            #expect(Set(try await chats.processes()) == before)
            #expect(try await chats.bed.figure("perigee_runner_changes_total{state=\"starting\"}") <= 2)

            let (name, bob) = (try await chats.runnerName(of: "ann"), try await chats.runnerName(of: "bob"))
            let list = try await chats.perigee("runners").output
            #expect(list.contains(name) && list.contains(bob), "\(list)")
            #expect(try await chats.perigee("runners", "logs", name).output.contains("listening"))

            try await apart(chats)

            #expect(try await chats.perigee("runners", "restart", name).code == 0)
            let after = try await chats.processes()
            #expect(after.allSatisfy { process in process.mark.name != name || !before.contains(process) })
            #expect(after.contains { $0.mark.name == name })
            #expect(try await chats.turn("ann", "say once more").text.hasSuffix("once more"))
            #expect(try await chats.perigee("runners", "stop", name).code == 0)
            #expect(try await chats.starts().keys.sorted() == [bob])
        }
    }

    /// What ann's agent gets at of bob's.
    private func apart(_ chats: ProcessChats) async throws {
        let directory = try await chats.directory(of: "bob")
        try PlainFile.write("private to bob", to: "\(directory)/diary")
        let name = try await chats.runnerName(of: "bob")
        let address = try await chats.runner(of: "bob")?["address"].string ?? ""
        let bobs = try await chats.processes().filter { $0.mark.name == name }
        let seen = try await chats.run(
            """
            state=\(chats.bed.state.path)
            cat \(directory)/diary; ls \(directory) $state $state/runners; echo x > \(directory)/planted
            cat $state/*.db $state/*/*.db $state/runner-logs/*.log | grep -ac . | sed 's/^/lines of state: /'
            for pid in \(bobs.map { "\($0.identity.pid)" }.joined(separator: " ")); do
              [ $pid -gt 80 ] && kill -9 $pid && echo KILLED
            done
            cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c 'PERIGEE_RUNNER=.*\(name)' | sed 's/^/of bob: /'
            cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'perigee.serv[e]'
            for user in opencode:$OPENCODE_SERVER_PASSWORD opencode: none:none; do
              curl -s -o /dev/null -w 'status %{http_code}\\n' -u $user \(address)/session
            done
            """, as: "ann")
        for word in ["private to bob", "KILLED", "perigee serve"] { #expect(!seen.contains(word), "\(word): \(seen)") }
        #expect(seen.contains("lines of state: 0") && seen.contains("of bob: 0"), "\(seen)")
        if TestEnvironment.program("curl", for: "a neighbour's port") != nil {
            let statuses = seen.split(separator: "\n").filter { $0.hasPrefix("status ") }
            #expect(statuses == ["status 401", "status 401", "status 401"], "\(seen)")
        }
        #expect(access("\(directory)/planted", F_OK) != 0)
        #expect(Set(try await chats.processes().filter { $0.mark.name == name }) == Set(bobs))
    }

    @Test("a runner that is killed ends its turn in honest words, and the next turn has another")
    func killed() async throws {
        try await ProcessChats.with { chats in
            #expect(try await chats.turn("ann", "say hello").ends == 1)
            let directory = try await chats.directory(of: "ann")
            for tool in ["bash touch \(directory)/here && sleep 608", "bash touch \(directory)/here; hang"] {
                unlink("\(directory)/here")
                let answer = try await chats.open("ann", tool)
                try await chats.until("the turn") { access("\(directory)/here", F_OK) == 0 }
                let serving = try await chats.processes().filter { $0.arguments.contains("serve") }
                for process in serving { kill(process.identity.pid, SIGKILL) }
                let reply = try await chats.bed.reply(to: answer)
                #expect(reply.ends == 1 && (reply.error != nil) != !reply.finishes.isEmpty, "\(reply.body)")
                #expect(try await chats.turn("ann", "say still here").text.hasSuffix("still here"))
                #expect(try await chats.starts().values.map(\.count) == [1])
                #expect(try await !chats.processes().contains { $0.arguments.last == "608" })
            }
        }
    }

    @Test("a fork bomb and a hog of memory leave a neighbour's answer whole")
    func excess() async throws {
        let groups = try await IsolationFacts.look().groups
        guard
            TestEnvironment.that(
                groups.boundsMemory && groups.boundsProcesses, "a fork bomb beside another's turn",
                "no control group bounds memory and processes here")
        else { return }
        try await ProcessChats.with(["RUNNER_MEMORY=256MB", "RUNNER_PROCESSES=64"]) { chats in
            for user in ["ann", "bob"] { #expect(try await chats.turn(user, "say hello").ends == 1) }
            let directory = try await chats.directory(of: "ann")
            try PlainFile.write("tail /dev/zero; exec perl -e 'while (1) { fork // sleep 1 }'", to: "\(directory)/harm")
            let harm = try await chats.open("ann", "bash sh \(directory)/harm")
            let ann = try await chats.runnerName(of: "ann")
            try await chats.until("the bomb") { try await chats.processes().count { $0.mark.name == ann } >= 30 }
            let words = (1...60).map { "w\($0)" }.joined(separator: " ")
            let reply = try await chats.turn("bob", "slow 5; say \(words)")
            #expect(reply.text.hasSuffix(words) && reply.finishes == ["stop"], "\(reply.body)")
            #expect(try await chats.processes().count { $0.mark.name == ann } <= 64)
            harm.body.cancel()
        }
    }

    @Test("a runner without work is stopped, and started again by the next turn")
    func idle() async throws {
        try await ProcessChats.with(["RUNNER_IDLE_TIMEOUT=500ms"]) { chats in
            for word in ["once", "twice"] {
                #expect(try await chats.turn("ann", "say \(word)").text.hasSuffix(word))
                try await chats.until("its end") { try await chats.processes().isEmpty }
            }
        }
    }

    @Test("twenty users share five places, and all are answered")
    func room() async throws {
        try await ProcessChats.with(["RUNNER_STARTS=4", "RUNNER_MAX=5"]) { chats in
            var most = 0
            let scope = Scope("users") { name, error in Issue.record("\(name): \(Fault(error))") }
            for number in 1...20 {
                scope.spawn("user \(number)") {
                    let reply = try await chats.turn("user\(number)x", "say hello \(number)")
                    #expect(reply.text.hasSuffix("hello \(number)"), "\(reply.body)")
                }
            }
            try await chats.until("all answers", within: .seconds(200)) {
                most = max(most, try await chats.starts().count)
                return scope.taskCount == 0
            }
            #expect(most <= 5 && most > 1)
            await scope.close()
        }
    }
}
