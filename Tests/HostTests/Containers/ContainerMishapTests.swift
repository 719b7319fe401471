import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("chats answered by containers, when Docker is in trouble")
@Loop
struct ContainerMishapTests {
    private static let words = (1...120).map { "word\($0)" }.joined(separator: " ")

    @Test(
        "dockerd is deaf or gone: turns on runners that are up stay whole, others wait, and are answered afterwards",
        arguments: [("freeze", "thaw"), ("crash", "start")])
    func dockerd(_ fault: String, _ cure: String) async throws {
        try await ContainerHouse.with { house in
            let running = try await house.begin("ann", "slow 15; say \(Self.words)")
            try await running.until("word2")
            var waiting: LiveReply?
            try await house.during(fault, then: cure) {
                let new = try await house.begin("bob", "say good morning")
                try await new.until(fault == "freeze" ? "Starting the agent" : "does not answer")
                let whole = try await running.whole()
                #expect(whole.text == Self.words && whole.error == nil, "\(whole.body.suffix(2000))")
                #expect(try await house.ask("ann", "say warm as ever").text.contains("warm as ever"))
                waiting = new
            }
            let answered = try await #require(waiting).whole()
            #expect(answered.text.contains("good morning") && answered.error == nil, "\(answered.body)")
            #expect(try await house.holds(2))
        }
    }

    @Test("an image that is not there, and a socket that is not there, are named, and the cure is enough")
    func missing() async throws {
        let image = "127.0.0.1:9/perigee/none:1"
        try await ContainerHouse.with(["RUNNER_IMAGE=\(image)"]) { house in
            let ann = try await house.begin("ann", "say with an image")
            try await ann.until("does not answer: trying again")
            #expect(ann.reply.body.contains("Pulling the image \(image)"), "\(ann.reply.body)")
            try await house.docker.docker(["tag", ContainerBed.image, image])
            #expect(try await ann.whole().text.contains("with an image"), "\(ann.reply.body)")
            try await house.docker.docker(["rmi", image])
            var bob: LiveReply?
            try await house.withoutSocket {
                let reply = try await house.begin("bob", "say with a socket")
                try await reply.until("does not answer: trying again")
                bob = reply
            }
            try await house.docker.docker(["tag", ContainerBed.image, image])
            let reply = try await #require(bob).whole()
            #expect(reply.text.contains("with a socket"), "\(reply.body)")
            try await house.docker.docker(["rmi", image])
            #expect(try await house.containers().count == 2)
            // People read what they can do; whoever runs the server finds why.
            try await house.chat.end()
            try await house.chat.start()
            #expect(house.chat.log.contains("pull the image \(image)"))
            #expect(house.chat.log.contains("there is no socket"))
        }
    }
    @Test("a dockerd that takes its containers along: the turn is told, runs once, and the chat goes on")
    func withoutLiveRestore() async throws {
        try await ContainerHouse.with { house in
            try await house.docker.restarted("start-plain") {
                let running = try await house.begin("ann", "bash echo once >> count; slow 15; say \(Self.words)")
                try await running.until("word2")
                try await house.docker.order("stop")
                try await house.docker.order("start-plain")
                let reply = try await running.whole()
                #expect(reply.ends == 1)
                let state = try await house.chat.outcome(of: #require(reply.run))
                #expect(["failed", "interrupted"].contains(state), "\(state): \(reply.body)")
                #expect(try await house.ask("ann", "say still here").text.contains("still here"))
                #expect(try await house.run("cat count", for: "ann") == "once\n")
                #expect(try await house.holds(1))
            }
        }
    }

    @Test("containerd is gone: a turn on a runner that is up stays whole, another one waits until it is back")
    func containerd() async throws {
        try await ContainerHouse.with { house in
            let running = try await house.begin("ann", "slow 15; say \(Self.words)")
            try await running.until("word2")
            var waiting: LiveReply?
            try await house.during("crash-containerd", then: "start-containerd") {
                let new = try await house.begin("bob", "say good evening")
                try await new.until("does not answer: trying again")
                waiting = new
            }
            let whole = try await running.whole()
            #expect(whole.text == Self.words && whole.error == nil, "\(whole.body.suffix(2000))")
            let answered = try await #require(waiting).whole()
            #expect(answered.text.contains("good evening") && answered.error == nil, "\(answered.body)")
            #expect(try await house.holds(2))
        }
    }

    @Test("Docker's disk is full: turns on runners that are up go on, another one is told, and room is the cure")
    func full() async throws {
        try await ContainerHouse.with { house in
            #expect(try await house.ask("ann", "say hello").text.contains("hello"))
            try await house.during("fill", then: "drain") {
                #expect(try await house.ask("ann", "say still here").text.contains("still here"))
                let told = try await house.ask("bob", "say hello")
                #expect(
                    told.ends == 1 && told.body.contains("The agent could not be started. Nothing of this was begun"),
                    "\(told.body)")
                #expect(!told.body.contains("/data/overlay2"), "paths of Docker's are nothing to a user: \(told.body)")
            }
            #expect(try await house.ask("bob", "say hello").text.contains("hello"))
            #expect(try await house.holds(2))
            try await house.chat.end()
            try await house.chat.start()
            #expect(house.chat.log.contains("no space left on device"))
        }
    }
}
