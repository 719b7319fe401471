import LuaBridge
import TestSupport
import Testing

@testable import Runtime

@Suite("host.docker")
@Loop
struct DockerModuleTests {
    private let fake = FakeHTTP()

    private func run(_ text: String) async throws -> LuaResults {
        var world = bareWorld(http: fake)
        world.docker = DockerEngine(answeredBy: fake)
        let harness = try ModuleHarness(.docker(world))
        return try await harness.run("local docker = require \"host.docker\"\n\(text)")
    }

    private func inspected(owner: String?) -> FakeAnswer {
        let labels = owner.map { #"{"perigee.owner":"\#($0)"}"# } ?? "{}"
        return FakeAnswer(
            text: #"{"Id":"abc","Name":"/one","Image":"sha256:1","Created":"2026-01-01T00:00:00.5Z","#
                + #""Config":{"Labels":\#(labels),"Image":"x","Env":["KEY=hidden"]},"State":{"Status":"running"}}"#)
    }

    @Test("a list asks for what was wanted, and says what is ours")
    func list() async throws {
        fake.reply(
            "GET", "http://docker/containers/json",
            [
                FakeAnswer(
                    text: #"[{"Id":"a","Names":["/one"],"State":"running","Labels":{"perigee.owner":"spec"}},"#
                        + #"{"Id":"b","Names":["/two"],"State":"exited","Labels":null,"Created":1700000000}]"#)
            ])
        let seen = try await run(
            """
            local list = assert(docker.containers():list { all = true, labels = { "a=b" } })
            return #list, list[1].name, list[1].ours, list[2].ours, list[2].created
            """)
        #expect(seen == [2, "one", true, false, 1_700_000_000.0])
        let url = try #require(fake.requests.first?.url)
        #expect(url.contains("all=true") && url.contains("%22label%22"))
    }

    @Test("what is inspected has nobody's environment in it")
    func inspect() async throws {
        fake.reply("GET", "http://docker/containers/one/json", [inspected(owner: nil)])
        let seen = try await run(
            """
            local one = assert(docker.containers():inspect("one"))
            local text = ""
            for name, value in pairs(one) do text = text .. name .. "=" .. tostring(value) end
            return one.state, one.created, one.ours, text:find("hidden", 1, true)
            """)
        #expect(seen == ["running", 1_767_225_600.5, false, .nil])
    }

    @Test("what is not ours is not changed, whatever is asked")
    func strangers() async throws {
        for call in ["start", "stop", "kill", "remove"] {
            fake.reply("GET", "http://docker/containers/one/json", [inspected(owner: "somebody")])
            let seen = try await run("return docker.containers():\(call)('one')")
            #expect(seen.kind == "conflict", "\(call)")
        }
        fake.reply("GET", "http://docker/networks/n", [FakeAnswer(text: #"{"Id":"n1","Name":"n","Labels":{}}"#)])
        #expect(try await run("return docker.networks():remove('n')").kind == "conflict")
        fake.reply("GET", "http://docker/volumes/v", [FakeAnswer(text: #"{"Name":"v","Labels":null}"#)])
        #expect(try await run("return docker.volumes():remove('v')").kind == "conflict")
        #expect(fake.requests.allSatisfy { $0.method == "GET" })
    }

    @Test("what is ours is changed by its id")
    func ours() async throws {
        fake.reply("GET", "http://docker/containers/one/json", [inspected(owner: "spec")])
        fake.reply("POST", "http://docker/containers/abc/stop?t=30", [FakeAnswer(304)])
        #expect(try await run("return docker.containers():stop('one', '30s')") == [true])
    }

    @Test("what is made is marked and held back, and some wishes are refused")
    func create() async throws {
        fake.reply("POST", "http://docker/containers/create", [FakeAnswer(201, text: #"{"Id":"abc"}"#)])
        fake.reply("GET", "http://docker/containers/abc/json", [inspected(owner: "spec")])
        let seen = try await run(
            """
            local one = assert(docker.containers():create {
              name = "one", image = "x", command = { "true" }, memory = "64MB",
              mounts = { { memory = "1MB", target = "/tmp" }, { volume = "v", target = "/v", read_only = false } },
            })
            return one.name
            """)
        #expect(seen == ["one"])
        let body = try JSON.parse(try #require(fake.requests.first?.body))
        #expect(body["Labels"]["perigee.owner"].string == "spec")
        #expect(body["HostConfig"]["Memory"].integer == 64_000_000 || body["HostConfig"]["Memory"].integer == 64 << 20)
        #expect(body["HostConfig"]["CapDrop"][0].string == "ALL")
        #expect(body["HostConfig"]["Mounts"][0]["ReadOnly"].bool == false)
        for network in ["host", "container:x"] {
            let refused = try await run(
                "return docker.containers():create { name = 'a', image = 'x', network = '\(network)' }")
            #expect(refused.kind == "denied")
        }
    }

    @Test("events come one by one, and the loop ends with the stream")
    func events() async throws {
        fake.reply(
            "GET", "http://docker/events",
            [
                FakeAnswer(pieces: [
                    Array(#"{"Type":"container","Action":"die","Actor":{"ID":"a","Attributes":{"name":"x"}},"ti"#.utf8),
                    Array("meNano\":1700000000500000000}\n{\"Type\":\"volume\",\"Action\":\"create\"}\n".utf8),
                ])
            ])
        let seen = try await run(
            """
            local names = {}
            for event in docker.events() do names[#names + 1] = event.type .. " " .. event.action end
            return table.concat(names, ", ")
            """)
        #expect(seen == ["container die, volume create"])
    }

    @Test("without an engine it says what to set")
    func none() async throws {
        let harness = try ModuleHarness(.docker(bareWorld()))
        let seen = try await harness.run("return require('host.docker').ping()")
        #expect(seen.kind == "unavailable" && seen.error["hint"]?.string == "set DOCKER_HOST")
    }

    @Test("over the real engine a script makes a container, runs something in it, and removes it")
    func real() async throws {
        guard let bed = try await DockerBed.shared(for: "host.docker") else { return }
        let engine = try bed.engine(owner: "scripted")
        var world = bareWorld()
        world.docker = engine
        let harness = try ModuleHarness(.docker(world))
        let seen = try await harness.run(
            """
            local docker = require "host.docker"
            local containers = assert(docker.containers())
            local one = assert(containers:create {
              name = "scripted", image = "perigee-test/busybox:1", command = { "sleep", "600" },
            })
            assert(containers:start("scripted"))
            local result = assert(containers:exec("scripted", { argv = { "sh", "-c", "echo hi; exit 2" } }))
            local use = assert(containers:stats("scripted"))
            local image = assert(docker.images():inspect("perigee-test/busybox:1"))
            assert(docker.df().images["perigee-test/busybox:1"] > 0)
            assert(containers:kill("scripted"))
            local code = assert(containers:wait("scripted"))
            assert(containers:remove("scripted"))
            local _, gone = containers:inspect("scripted")
            return one.ours, result.code, result.stdout, use.memory > 0, image.ours, code, gone.kind, docker.ping().cpus > 0
            """)
        #expect(seen == [true, 2, "hi\n", true, false, 137, "not_found", true])
        await engine.close()
    }
}
