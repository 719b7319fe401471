import LuaBridge
import Testing

@testable import Runtime

@Suite("host.config")
@Loop
struct ConfigModuleTests {
    private func harness() throws -> ModuleHarness {
        var world = bareWorld()
        world.config = [
            "LOG_LEVEL": "info", "PERIGEE_SOCKET": "", "STATE_DIR": "/var/lib/perigee", "OPENAI_API_KEY": "sk-1",
            "GITHUB_TOKEN": "ghp",
        ]
        return try ModuleHarness(.config(world))
    }

    @Test("a setting is text, and nil when it is empty")
    func get() async throws {
        let seen = try await harness().run(
            "local config = require 'host.config' return config.get('LOG_LEVEL'), config.get('PERIGEE_SOCKET')")
        #expect(seen == ["info", .nil])
    }

    @Test("all of them come without the empty ones and without secrets")
    func all() async throws {
        let seen = try await harness().run("return require('host.config').all()")
        #expect(seen.first == ["LOG_LEVEL": "info", "STATE_DIR": "/var/lib/perigee"])
    }

    @Test("a name that is no setting, and that of a secret, are mistakes with advice")
    func unknown() async throws {
        let near = try await harness().mistake("require('host.config').get('LOG_LEVL')")
        #expect(near == "there is no setting 'LOG_LEVL' that scripts may read; did you mean 'LOG_LEVEL'?")
        let secret = try await harness().mistake("require('host.config').get('OPENAI_API_KEY')")
        #expect(
            secret
                == "there is no setting 'OPENAI_API_KEY' that scripts may read; `config.all()` has those there are")
    }
}
