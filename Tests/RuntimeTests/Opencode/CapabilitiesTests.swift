import Testing

@testable import Runtime

@Suite("opencode: versions and ids")
struct CapabilitiesTests {
    @Test(
        "a version says what its server can do",
        arguments: [
            ("1.0.100", false, true, nil as Duration?), ("1.0.200", false, true, .seconds(30)),
            ("1.1.6", true, false, .seconds(30)), ("1.17.20", true, false, .seconds(10)),
            ("v1.18.34-beta.1", true, false, .seconds(10)), ("local", true, false, .seconds(10)),
            ("0.0.0-dev-202611", true, false, .seconds(10)),
        ])
    func flags(_ version: String, _ questions: Bool, _ bySession: Bool, _ heartbeat: Duration?) {
        let capabilities = OpencodeCapabilities(version: version, major: 1)
        #expect(capabilities.hasQuestions == questions)
        #expect(capabilities.repliesBySession == bySession)
        #expect(capabilities.heartbeat == heartbeat)
    }

    @Test("the ids of a prompt's parts are the same whenever they are made, ascend, and have the server's form")
    func ids() {
        let ids = (0..<3).map { OpencodePrompt.partID("run_1/1", at: 1_795_226_727_219, index: $0) }
        #expect(ids == (0..<3).map { OpencodePrompt.partID("run_1/1", at: 1_795_226_727_219, index: $0) })
        #expect(ids == ids.sorted() && Set(ids).count == 3)
        #expect(ids.allSatisfy { $0.hasPrefix("prt_1fbd9f333") && $0.count == 30 })
        #expect(OpencodePrompt.partID("run_1/2", at: 1_795_226_727_219, index: 0) != ids[0])
    }

    @Test("a model is named with its provider, and may have slashes")
    func models() throws {
        let model = try OpencodeModel("openrouter/anthropic/claude")
        #expect(model.provider == "openrouter" && model.model == "anthropic/claude")
        for text in ["claude", "/claude", "anthropic/"] { #expect(throws: Fault.self) { try OpencodeModel(text) } }
    }
}
