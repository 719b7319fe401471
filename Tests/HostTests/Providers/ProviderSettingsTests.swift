import Runtime
import Testing

@testable import Host

@Suite("settings of providers")
struct ProviderSettingsTests {
    private func settings(_ values: [String: String]) throws -> Settings {
        try Settings(
            SettingSource(layers: [
                .init(origin: .environment, values: values), .init(origin: .file(".env"), values: [:]),
            ]))
    }

    @Test("each name makes a provider, and what it lacks is taken from the settings without a name")
    func providers() throws {
        let providers = try settings([
            "OZ_PROVIDER_CLAUDE_TYPE": "anthropic", "OZ_PROVIDER_CLAUDE_MODEL": "opus",
            "OZ_PROVIDER_CLAUDE_API_KEY": "key-a", "OZ_PROVIDER_CLAUDE_PRICE_INPUT": "1",
            "OZ_PROVIDER_CLAUDE_PRICE_OUTPUT": "2", "OZ_PROVIDER_CLAUDE_THINKING": "budget",
            "OZ_PROVIDER_MY_GLM_MODEL": "glm", "OZ_PROVIDER_BASE_URL": "https://llm.example/v1/",
            "OZ_PROVIDER_MY_GLM_MSG_LIMIT": "5", "OZ_PROVIDER_WINDOW_SECONDS": "60",
            "OZ_PROVIDER_LOCAL_TYPE": "cli", "OZ_PROVIDER_LOCAL_CLI_CMD": "claude -p",
            "OZ_PROVIDER_LOCAL_CLI_ARGS": #"["--model", "a b"]"#, "OZ_MODEL": "",
        ]).providers
        #expect(providers.all.map(\.name) == ["claude", "local", "my_glm"] && providers.skipped.isEmpty)
        let claude = providers.all[0]
        #expect(
            claude.form == .anthropic && claude.key == Secret("key-a") && claude.prices == .init(input: 1, output: 2))
        #expect(claude.thinking == .budget)
        #expect(providers.all[1].command == ["claude", "-p", "--model", "a b"] && providers.all[1].model == "cli")
        #expect(providers.all[2].model == "glm" && providers.all[2].form == .openAI && providers.all[2].key == nil)
        #expect(providers.quotas == ["my_glm": .init(requests: 5, seconds: 60)])
    }

    @Test("Anthropic's address is known, others' are not, and what cannot work says what is missing")
    func skipped() throws {
        let providers = try settings([
            "OZ_PROVIDER_A_TYPE": "anthropic", "OZ_PROVIDER_A_MODEL": "m", "OZ_PROVIDER_B_MODEL": "m",
            "OZ_PROVIDER_C_BASE_URL": "https://c.example", "OZ_PROVIDER_D_TYPE": "cli",
        ]).providers
        #expect(providers.all.map(\.name) == ["a"])
        #expect(providers.all[0].base?.origin == "https://api.anthropic.com")
        #expect(
            providers.skipped.map { "\($0.name): \($0.reason)" }
                == ["b: it has no base URL", "c: it has no model", "d: it has no program"])
        let failure = #expect(throws: RunFailure.self) { try providers.choice("b/x") }
        #expect(failure?.kind == .modelMissing && failure?.message.contains("b: it has no base URL") == true)
    }

    @Test("settings without any name are one provider, and no settings are none")
    func unnamed() throws {
        let providers = try settings(["OZ_PROVIDER_MODEL": "m", "OZ_PROVIDER_BASE_URL": "http://localhost:11434/v1"])
            .providers
        #expect(providers.all.map(\.name) == ["default"])
        #expect(try settings([:]).providers.all.isEmpty)
        let failure = #expect(throws: RunFailure.self) { try settings([:]).providers.choice(nil) }
        #expect(failure?.hint?.contains("OZ_PROVIDER_<KEY>_TYPE") == true)
    }

    @Test("the default provider is first, then those of the fallback order; a model's own slashes stay")
    func order() throws {
        let settings = try settings([
            "OZ_PROVIDER_BASE_URL": "https://x.example", "OZ_PROVIDER_MODEL": "m", "OZ_PROVIDER_A_MODEL": "ma",
            "OZ_PROVIDER_B_MODEL": "mb", "OZ_PROVIDER_C_MODEL": "mc", "OZ_DEFAULT_PROVIDER": "C",
            "OZ_PROVIDER_FALLBACK_ORDER": "B, b,A", "OZ_PROVIDER_FALLBACK_ORDER_CLAUDE_CODE": "a",
        ])
        #expect(settings.fallbackOrder() == ["b", "a"])
        #expect(settings.fallbackOrder(harness: "claude-code") == ["a"])
        #expect(settings.fallbackOrder(harness: "codex") == ["b", "a"])
        let providers = settings.providers
        #expect(providers.all.map(\.name) == ["c", "b", "a"])
        let rows: [(String?, String, String)] = [
            (nil, "c", "mc"), ("", "c", "mc"), ("a", "a", "ma"), ("b/openai/gpt", "b", "openai/gpt"),
        ]
        for (text, provider, model) in rows {
            let choice = try providers.choice(text)
            #expect(choice.provider.name == provider && choice.model == model)
        }
    }

    @Test(
        "a name that no provider has stops the start and names the nearest",
        arguments: [
            ("OZ_PROVIDER_CLAUDE_MODLE", "did you mean OZ_PROVIDER_CLAUDE_MODEL?"),
            ("OZ_PROVIDER_CLAUDE_APIKEY", "did you mean OZ_PROVIDER_CLAUDE_API_KEY?"),
            ("OZ_PROVIDER_TYP", "did you mean OZ_PROVIDER_TYPE?"), ("OZ_PROVIDER_", "OZ_PROVIDER_"),
        ])
    func unknown(name: String, advice: String) {
        let fault = #expect(throws: Fault.self) { try settings([name: "x"]) }
        #expect(fault?.message.hasPrefix("\(name): a provider has no such setting, in the environment") == true)
        #expect(fault?.message.contains(advice) == true, "\(fault?.message ?? "")")
    }

    @Test(
        "an unusable value is named with what would do",
        arguments: [
            ("OZ_PROVIDER_A_TYPE", "openai", "one of openai_compatible, anthropic, cli"),
            ("OZ_PROVIDER_A_BASE_URL", "a.example", "a URL"), ("OZ_PROVIDER_A_MSG_LIMIT", "0", "a whole number"),
            ("OZ_PROVIDER_A_CLI_ARGS", "[1", "a JSON list"), ("OZ_PROVIDER_A_PRICE_INPUT", "cheap", "dollars"),
        ])
    func unusable(name: String, value: String, message: String) {
        let fault = #expect(throws: Fault.self) { try settings([name: value]) }
        #expect(fault?.message.contains(message) == true, "\(fault?.message ?? "")")
    }

    @Test("keys are in no listing, no script sees them, and logs black them out; models and addresses are shown")
    func secrets() throws {
        let settings = try settings([
            "OZ_PROVIDER_A_API_KEY": "planted-key", "OZ_PROVIDER_API_KEY": "planted-too",
            "OZ_PROVIDER_A_MODEL": "shown",
        ])
        let listing = SettingListing.effective(settings)
        #expect(!listing.contains("planted") && listing.contains("shown") && listing.contains("OZ_PROVIDER_A_API_KEY"))
        #expect(Set(settings.secrets) == ["planted-key", "planted-too"])
        #expect(settings.forScripts["OZ_PROVIDER_A_MODEL"] == "shown")
        #expect(settings.forScripts.values.allSatisfy { !$0.contains("planted") })
    }
}
