import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("secrets, planted everywhere and looked for everywhere")
@Loop
struct SecretsTests {
    /// All that a secret is known under, and the text in which it must not be.
    @Loop
    private final class Hunt {
        private(set) var secrets: [String: String] = [:]
        private var places = 0

        func plant(_ name: String) -> String { plant(name, "planted-\(name.lowercased())-\(Random.token(bytes: 9))") }

        func plant(_ name: String, _ secret: String) -> String {
            secrets[name] = secret
            return secret
        }

        func look(_ place: String, _ text: String) {
            places += 1
            for (name, secret) in secrets where text.contains(secret) {
                Issue.record("\(name) is seen in \(place): \(text.prefix(2000))")
            }
        }

        var looked: Int { places }
    }

    @Test("no key, password or token is in any log, event, error, argv, answer or figure")
    func everywhere() async throws {
        let hunt = Hunt()
        let provider = try FakeProvider()
        let password = hunt.plant("OPENCODE_SERVER_PASSWORD")
        var key = [UInt8](repeating: 7, count: 31)
        key.append(contentsOf: [UInt8.random(in: 1...255)])
        let providerKey = hunt.plant("OZ_PROVIDER_MAIN_API_KEY")
        let userKey = hunt.plant("x-openpersona-openai-api-key")
        let environment = [
            "OPENCODE_SERVER_PASSWORD": password, "ENCRYPTION_KEY": hunt.plant("ENCRYPTION_KEY", Base64.encode(key)),
            "FORWARD_USER_INFO_HEADER_JWT_SECRET": hunt.plant("FORWARD_USER_INFO_HEADER_JWT_SECRET"),
            "PERIGEE_FILTER_SECRET": hunt.plant("PERIGEE_FILTER_SECRET"),
            "INSTRUMENTL_API_KEY": hunt.plant("INSTRUMENTL_API_KEY"),
            "OPEN_PERSONA_DEFAULT_ANTHROPIC_API_KEY": hunt.plant("OPEN_PERSONA_DEFAULT_ANTHROPIC_API_KEY"),
            "OPENWEBUI_API_KEY": hunt.plant("OPENWEBUI_API_KEY"), "OZ_PROVIDER_MAIN_API_KEY": providerKey,
            "OZ_PROVIDER_PROGRAM_API_KEY": hunt.plant("OZ_PROVIDER_PROGRAM_API_KEY"),
        ]
        let settings = [
            "OZ_PROVIDER_MAIN_TYPE=openai_compatible", "OZ_PROVIDER_MAIN_MODEL=m", "OZ_PROVIDER_PROGRAM_TYPE=cli",
            "OZ_PROVIDER_MAIN_BASE_URL=\(provider.base)", "PERIGEE_SMALL_MODEL=main",
            // The child shows its own argv, and that of the program which started it.
            #"OZ_PROVIDER_PROGRAM_CLI_CMD=["/bin/sh","-c","cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' '"]"#,
        ]
        try await ChatBed.with(settings, environment: environment) { fake in
            fake.password = password
            fake.quotedKey = userKey
        } _: { bed in
            try await visit(bed, hunt, provider, providerKey, userKey)
            try await bed.end()
            hunt.look("the log", bed.log)
            #expect(bed.log.count > 1000 && hunt.looked > 25)
            try await bed.start()
        }
        await provider.close()
    }

    private func visit(
        _ bed: ChatBed, _ hunt: Hunt, _ provider: FakeProvider, _ providerKey: String, _ userKey: String
    ) async throws {
        let issued = try await bed.post("/mgmt/keys", ["name": "hunt", "scopes": ["chat", "manage", "admin"]])
        // From here on it is a secret; this one answer is where it is told.
        let token = hunt.plant("API key", try #require(issued.chunks[0]["token"].string))
        let entry = [("Authorization", "Bearer \(token)")]

        // A turn whose provider quotes the user's key, the end of it, a turn that is fine, and one that prints the key.
        let texts = [
            "error Odd Incorrect key: KEY", Ask.leave, "bash cat opencode.json; say done",
            "bash grep -rh . ../../keys; say done",
        ]
        for (number, text) in texts.enumerated() {
            let place = ChatBed.openWebUI(
                message: "a\(number)", user: "u\(number)", parent: number == 0 ? "" : "a\(number - 1)")
            let headers = place + [("x-openpersona-openai-api-key", userKey)]
            let turn = try await bed.chat([text], headers: entry + headers)
            hunt.look("an answer", turn.body)
            if number < 2 { #expect(turn.body.contains("Incorrect key: \(Redactor.mark)"), "\(turn.body)") }
            if number == 3 { #expect(turn.body.contains(Redactor.mark), "\(turn.body)") }
            if number > 0 { try await look(bed, hunt, turn, entry) }
        }
        // A provider that quotes its own key, in its answer and in the middle of one.
        let quote = "Incorrect API key provided: \(providerKey)"
        provider.reply(.whole(401, #"{"error":{"message":"\#(quote)"}}"#))
        provider.reply(.stream(["data: {\"error\":{\"code\":\"invalid_api_key\",\"message\":\"\(quote)\"}}\n\n"]))
        for _ in 1...2 { try await run("main", bed, hunt, entry) }
        let argv = try await run("program", bed, hunt, entry)
        #expect(argv.contains("/proc/") && argv.contains("serve"))
        // A side call whose model refuses the key.
        provider.reply(.whole(401, #"{"error":{"message":"\#(quote)"}}"#))
        let side = try await bed.chat(
            ["hello"], headers: entry + ChatBed.openWebUI(message: "a1", task: "title_generation"), stream: false)
        hunt.look("a side call", side.body)

        for (name, wrong) in [("Authorization", "Bearer pk_\(token)x"), ("X-OpenWebUI-User-Jwt", "a.b.\(token)")] {
            let refused = try await bed.get("/v1/models", headers: [(name, wrong)])
            hunt.look("a refusal of \(name)", String(describing: refused.json.value))
        }
        try await lookAround(bed, hunt, entry)
    }

    @discardableResult
    private func run(
        _ provider: String, _ bed: ChatBed, _ hunt: Hunt, _ entry: [(String, String)]
    ) async throws -> String {
        let begun = try await bed.post(
            "/mgmt/runs", ["prompt": "hi", "engine": "provider", "model": .string(provider), "directory": "/tmp"],
            headers: entry)
        let id = try #require(begun.chunks[0]["id"].string, "\(begun.body)")
        return try await look(bed, hunt, ChatBed.Reply(run: id), entry)
    }

    /// An answer and all that is known of its run.
    @discardableResult
    private func look(
        _ bed: ChatBed, _ hunt: Hunt, _ reply: ChatBed.Reply, _ entry: [(String, String)]
    ) async throws -> String {
        hunt.look("an answer", reply.body)
        let run = try #require(reply.run)
        let events = try await bed.events(of: run, headers: entry)
        var all = ""
        while let event = try await events.next() { all += event.text + "\n" }
        hunt.look("events", all)
        for path in ["/mgmt/runs/\(run)", "/mgmt/runs/\(run)/why"] {
            hunt.look(path, String(describing: try await bed.get(path, headers: entry).json.value))
        }
        return all
    }

    /// Everything that can be read without knowing an id.
    private func lookAround(_ bed: ChatBed, _ hunt: Hunt, _ entry: [(String, String)]) async throws {
        let description = try await bed.get("/openapi.json", headers: entry).json
        var count = 0
        for path in description["paths"].value?.object ?? [:] {
            guard !path.key.contains("{"), let get = path.value["get"],
                get["responses"]?["200"]?["content"]?["text/event-stream"] == nil
            else { continue }
            let answer = try await bed.text(path.key, headers: entry)
            guard answer.status != 426 else { continue }
            hunt.look(path.key, answer.text)
            count += 1
        }
        #expect(count > 8)
    }
}
