import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("chats answered by containers of a rootless engine", .enabled(if: getuid() == 0))
@Loop
struct ContainerRootlessTests {
    @Test("users chat, their files are Perigee's user's, they are apart, and a killed Perigee takes all of it over")
    func chats() async throws {
        try await ContainerHouse.rootless { house in
            let owner = try #require(house.docker.owner)
            for user in ["ann", "bob"] {
                #expect(try await house.ask(user, "write note secret-of-\(user); say hello").text.contains("hello"))
                var status = stat()
                #expect(stat("\(house.directory(of: user))/note", &status) == 0 && status.st_uid == owner)
            }
            let bobs = house.directory(of: "bob")
            let seen = try await house.run("id -u; cat note; cat \(bobs)/note; echo end", for: "ann")
            #expect(seen.hasPrefix("0\nsecret-of-ann") && seen.hasSuffix("end\n"), "\(seen)")
            #expect(!seen.contains("of-bob"), "\(seen)")

            let answer = try await house.begin("ann", "slow 10; say one two three four five six seven eight")
            try await answer.until("two")
            try await house.chat.end(SIGKILL)
            answer.leave()
            try await house.chat.start()
            #expect(try await house.chat.outcome(of: #require(answer.reply.run)) == "succeeded")
            #expect(try await house.areWhole())
            #expect(try await house.holds(2))

            let name = try #require(try await house.runner(of: "ann")["name"].string)
            #expect(try await house.perigee(["runners", "restart", name]).code == 0)
            #expect(try await house.perigee(["run-job", "orphans"]).code == 0)
            for user in ["ann", "bob"] { try await house.stopRunner(of: user) }
            #expect(try await house.holds(0))
            try await doctor(house)
        }
    }

    private func doctor(_ house: ContainerHouse) async throws {
        let seen = try await house.perigee([
            "doctor", "docker", "DOCKER_HOST=unix://\(house.docker.socket)", "RUNNER_IMAGE=\(ContainerBed.image)",
        ])
        #expect(seen.code == 0 && seen.output.contains("(rootless)"), "\(seen)")
        #expect(seen.output.contains("\(ContainerBed.image) is here"), "\(seen)")
    }
}
