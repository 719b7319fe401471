import TestSupport
import Testing

@testable import Runtime

@Suite("a Docker that is ill")
@Loop
struct DockerFaultTests {
    private var impatience: DockerPatience {
        var patience = DockerPatience()
        patience.look = .seconds(2)
        patience.work = .seconds(10)
        return patience
    }

    @Test("no socket is said so, with what to do")
    func missing() async throws {
        let directory = TemporaryDirectory()
        let docker = DockerEngine(
            try DockerAddress(unixPath: "\(directory.path)/d.sock"), mark: DockerMark(owner: "test"))
        let fault = await #expect(throws: Fault.self) { try await docker.ping() }
        #expect(fault?.kind == .unavailable && fault?.isRetryable == true)
        #expect(fault?.message.hasPrefix("Docker at \(directory.path)/d.sock: there is no socket") == true)
        #expect(fault?.hint?.contains("DOCKER_HOST") == true)
        await docker.close()
    }

    @Test("a killed dockerd is missed, its containers go on, and the next call after its return succeeds")
    func killed() async throws {
        try await withDocker(patience: impatience) { bed, docker in
            let container = try await docker.create(.shell("exec sleep 600"), name: "survivor")
            try await container.start()
            let before = try await container.details().started
            try await bed.order("crash")
            let fault = await #expect(throws: Fault.self) { _ = try await docker.containers() }
            #expect(fault?.kind == .unavailable && fault?.hint?.contains("dockerd") == true)
            try await bed.order("start")
            let after = try await container.details()
            #expect(after.isRunning && after.started == before)
        }
    }

    @Test("a frozen dockerd ends calls at their deadline, and a caller's own shorter one counts")
    func frozen() async throws {
        try await withDocker(patience: impatience) { bed, docker in
            try await docker.ping()
            try await bed.order("freeze")
            let fault = await #expect(throws: Fault.self) { _ = try await docker.containers() }
            #expect(fault?.kind == .timeout)
            #expect(fault?.message == "Docker at \(bed.socket) did not list containers within 2s")
            let own = await kind { try await Deadline.within(.milliseconds(50)) { try await docker.ping() } }
            #expect(own == .timeout)
            try await bed.order("thaw")
            try await docker.ping()
        }
    }

    @Test("without containerd a start fails in words, and works again once it is back")
    func withoutContainerd() async throws {
        try await withDocker(patience: impatience) { bed, docker in
            let container = try await docker.create(.shell("exec sleep 600"), name: "later")
            try await bed.order("crash-containerd")
            let fault = await #expect(throws: Fault.self) { try await container.start() }
            #expect(fault?.isRetryable == true && fault?.message.contains("start the container later") == true)
            try await bed.order("start-containerd")
            // dockerd finds its new connection within a moment of its own.
            for _ in 0..<100 {
                if await kind({ try await container.start() }) == nil { break }
                try await Loop.sleep(for: .milliseconds(100))
            }
            #expect(try await container.details().isRunning)
        }
    }

    @Test("what Docker says is passed on, with what it means")
    func words() {
        let call = DockerCall(.post, "/containers/create", "make the container x")
        let address = try! DockerAddress(unixPath: "/d.sock")
        func fault(_ status: Int, _ text: String) -> Fault {
            DockerFaults.refused(call, status: status, Array(text.utf8), address)
        }
        #expect(fault(404, #"{"message":"No such container: x"}"#).kind == .notFound)
        #expect(
            fault(409, #"{"message":"Conflict."}"#).message
                == "Docker at /d.sock could not make the container x: Conflict.")
        #expect(fault(500, #"{"message":"write /var: no space left on device"}"#).kind == .overBudget)
        #expect(fault(500, "oh").kind == .unavailable)
        #expect(fault(400, #"{"message":"bad"}"#).kind == .invalidInput)
        let proxied = fault(403, "<html>\n no\n</html>")
        #expect(proxied.kind == .denied && proxied.hint?.contains("POST /containers/create") == true)
        #expect(fault(502, "").message.hasSuffix("status 502"))
    }
}
