import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("chats answered by containers")
@Loop
struct ContainerRunnersTests {
    /// Longer than any fault of these tests.
    private static let words = (1...150).map { "word\($0)" }.joined(separator: " ")
    private static let long = "slow 15; say \(words)"

    @Test("each user has a container of their own; a turn on one that is up asks Docker nothing")
    func answered() async throws {
        try await ContainerHouse.with { house in
            let first = try await house.ask("ann", "say hello")
            #expect(first.text.contains("hello") && first.body.contains("Starting the agent"), "\(first.body)")
            let before = try await house.docker.requests()
            #expect(try await house.ask("ann", "say again").text.contains("again"))
            let asked = try await house.docker.requests().dropFirst(before.count).filter { !$0.contains("/stats") }
            #expect(before.count > 5 && asked.isEmpty, "\(asked)")
            #expect(try await house.ask("bob", "say hello").text.contains("hello"))
            #expect(try await house.holds(2))

            let name = try #require(try await house.runner(of: "ann")["name"].string)
            let shown = try await house.docker.docker(["inspect", name])
            #expect(shown.contains(Workspace.id(of: "ann")) && !shown.contains(ContainerHouse.key(of: "ann")))
            try await commands(house, name)
        }
    }

    private func commands(_ house: ContainerHouse, _ name: String) async throws {
        let list = try await house.perigee(["runners"])
        #expect(list.code == 0 && list.output.contains(name) && list.output.contains("container"), "\(list)")
        let log = try await house.perigee(["runners", "logs", name])
        #expect(log.output.contains("opencode server listening"), "\(log)")
        let old = try await house.container(of: "ann").id
        #expect(try await house.perigee(["runners", "restart", name]).code == 0)
        #expect(try await house.container(of: "ann").id != old)
        #expect(try await house.perigee(["runners", "stop", name]).code == 0)
        #expect(try await house.holds(1))
        #expect(try await house.ask("ann", "say back").text.contains("back"))
    }

    @Test("neither of two users reaches the other by file, port, name, process, signal or key")
    func apart() async throws {
        try await ContainerHouse.with { house in
            for user in ["ann", "bob"] { #expect(try await house.ask(user, "write note secret-of-\(user)").ends == 1) }
            for (user, other) in [("ann", "bob"), ("bob", "ann")] {
                let theirs = try await house.container(of: other)
                let own = try await house.container(of: user)
                let door = try #require(theirs.networks.values.first?.address)
                let seen = try await house.run(
                    Self.probe(
                        own: own.name, name: theirs.name, door: door,
                        directory: house.directory(of: other), port: house.chat.program.port,
                        published: theirs.ports.first?.outer ?? 0), for: user)
                #expect(seen.hasSuffix("end\n") && !seen.contains("REACHED"), "\(seen)")
                #expect(
                    !seen.contains("secret-of-\(other)") && !seen.contains(ContainerHouse.key(of: other)), "\(seen)")
                // That the probe sees what is there.
                #expect(seen.contains("own door") && seen.contains("own name") && seen.contains("own key"), "\(seen)")
                #expect(seen.contains(ContainerHouse.key(of: user)))
            }
            // Whatever may be signalled is; the agent itself goes with it.
            let bobs = try await house.container(of: "bob").id
            #expect(try await house.ask("ann", "bash kill -9 -1; say hm").ends == 1)
            #expect(try await house.ask("bob", "say unharmed").text.contains("unharmed"))
            #expect(try await house.container(of: "bob").id == bobs)
        }
    }

    /// Shell that tries every way to another user's runner, and the same ways to its own.
    private static func probe(
        own: String, name: String, door: String, directory: String, port: Int, published: Int
    ) -> String {
        """
        knock() { printf 'GET /global/health HTTP/1.0\\r\\n\\r\\n' | nc -w 1 "$1" "$2" 2>/dev/null | grep -q HTTP; }
        finds() { timeout 2 nslookup "$1" 127.0.0.11 2>/dev/null | grep -A 9 Name: | grep -q Address; }
        knock 127.0.0.1 4096 && echo own door
        finds \(own) && echo own name
        tr '\\0' '\\n' </proc/$PPID/environ | grep OPENAI_API_KEY && echo own key
        gateway=$(grep host.docker.internal /etc/hosts | cut -f 1)
        knock \(door) 4096 && echo REACHED by address
        knock \(name) 4096 && echo REACHED by name
        knock "$gateway" \(published) && echo REACHED by its published port
        knock "$gateway" \(port) && echo REACHED Perigee itself
        finds \(name) && echo REACHED its name
        cat \(directory)/note && echo REACHED a file
        ls \(directory) && echo REACHED a directory
        echo stolen 2>/dev/null >\(directory)/note && echo REACHED for writing
        cat /proc/*/environ | tr '\\0' '\\n' | grep OPENAI_API_KEY
        echo end

        """
    }

    @Test("a fork bomb, a memory hog and a full disk of one leave the answer of the other whole")
    func harm() async throws {
        try await ContainerHouse.with { house in
            for user in ["ann", "bob"] { _ = try await house.ask(user, "say hello") }
            let answer = try await house.begin("bob", Self.long)
            try await answer.until("word2")
            let bomb = "i=0; while [ $i -lt 200 ]; do sleep 2 >/dev/null 2>&1 & i=$((i+1)); done; echo all"
            #expect(try await !house.run("\(bomb)\n", for: "ann").contains("all\n"))
            for harm in ["tail /dev/zero", "dd if=/dev/zero of=/tmp/full bs=1M count=2000"] {
                // It may take its own agent with it; that is told, and the next turn has a new one.
                let reply = try await house.ask("ann", "bash \(harm); say survived")
                #expect(reply.ends == 1 && !reply.body.isEmpty)
            }
            let whole = try await answer.whole()
            #expect(whole.text == Self.words && whole.error == nil, "\(whole.body.suffix(2000))")
            #expect(try await house.ask("ann", "say well again").text.contains("well again"))
        }
    }

    @Test("the container is removed under a turn: it ends in a word, runs once, and the chat goes on")
    func removed() async throws {
        try await ContainerHouse.with { house in
            let answer = try await house.begin("ann", "bash echo once >> count; slow 15; say \(Self.words)")
            try await answer.until("word3")
            try await house.docker.docker(["rm", "-f", try await house.container(of: "ann").id])
            let reply = try await answer.whole()
            #expect(reply.ends == 1)
            let run = try #require(reply.run)
            #expect(["failed", "interrupted"].contains(try await house.chat.outcome(of: run)), "\(reply.body)")
            let next = try await house.ask("ann", "say still here")
            #expect(next.text.contains("still here"), "\(next.body)")
            #expect(try await house.run("cat count", for: "ann") == "once\n")
            #expect(try await house.holds(1))
        }
    }
}
