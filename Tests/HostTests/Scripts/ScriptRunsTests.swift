import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

/// Scripts and the runs of a whole server.
@Suite("scripts steer runs")
@Loop
struct ScriptRunsTests {
    /// A server with a route that runs Lua of the test's.
    private func with(
        _ lua: String, fake change: (inout FakeSettings) -> Void = { _ in },
        _ body: @Loop (ChatBed) async throws -> Void
    ) async throws {
        let scripts = TemporaryDirectory()
        scripts.write(
            """
            --- What a test does.
            local runs = require "host.runs"
            local workspaces = require "host.workspaces"
            return { routes = { ["GET /probe"] = function(request)
            \(lua)
            end } }
            """, to: "hooks/probe.lua")
        try await ChatBed.with(["PERIGEE_SCRIPTS=\(scripts.path)"], fake: change, body)
    }

    @Test("a script starts a run for a user, follows it to its end and reads why it was so")
    func start() async throws {
        try await with(
            """
            local run = assert(runs.start { user = "ann", persona = "izzy", prompt = "say good morning", chat = "daily" })
            local text = ""
            for event in assert(runs.events(run.id)) do
              if event.kind == "text" then text = text .. event.text end
            end
            run = assert(runs.wait(run.id))
            local hooks = {}
            for _, step in ipairs(assert(runs.why(run.id))) do hooks[#hooks + 1] = step.hook end
            return { json = { run = run, text = text, hooks = hooks, mine = #runs.list { user = "ann" },
              others = #runs.list { user = "bob" }, space = workspaces.get { user = "ann" }.id } }
            """
        ) { bed in
            let answer = try await bed.get("/x/probe").json
            #expect(answer["text"].string == "good morning", "\(answer.value as Any)")
            let run = answer["run"]
            #expect(run["state"].equals("succeeded") && run["door"].equals("script") && run["persona"].equals("izzy"))
            #expect(run["user"]["key"].equals("ann") && run["user"]["source"].equals("script"))
            #expect(run["kind"].equals("run") && run["pinned"].bool == false && run["usage"]["output_tokens"].exists)
            #expect(answer["hooks"].elements.compactMap(\.string).prefix(3) == ["identify", "persona", "place"])
            #expect(answer["mine"].integer == 1 && answer["others"].integer == 0)
            #expect(answer["space"].string == Workspace.id(of: "ann"))
            let prompt = try #require(bed.fake.prompts.first)
            #expect(prompt.agent == "izzy" && prompt.directory.hasSuffix(Workspace.id(of: "ann")))
        }
    }

    @Test("nobody is there to be asked, unless the script says so; then it can answer and cancel too")
    func asks() async throws {
        try await with(
            """
            local alone = assert(runs.start { user = "ann", prompt = "ask bash rm; say done" })
            alone = assert(runs.wait(alone.id))
            local run = assert(runs.start { user = "bob", prompt = "ask bash rm; hang", attended = true })
            for event in assert(runs.events(run.id)) do
              if event.kind == "ask" then break end
            end
            local open = runs.asks({ user = "bob" })[1]
            assert(runs.answer(run.id, { ask = open.ask.id, verdict = "once" }))
            local late, err = runs.answer(run.id, { ask = open.ask.id, verdict = "reject" })
            local stopped = assert(runs.cancel(run.id, "it is enough"))
            return { json = { alone = alone.state, title = open.ask.title, kind = open.ask.kind, late = late == nil,
              err = err.kind, stopped = stopped.state, asks = #runs.asks() } }
            """, fake: { $0.strongConfig = ["permission": ["bash": "ask"]] }
        ) { bed in
            let answer = try await bed.get("/x/probe").json
            #expect(answer["alone"].equals("succeeded"), "\(answer.value as Any)")
            #expect(answer["kind"].equals("permission") && answer["late"].bool == true)
            #expect(answer["err"].equals("conflict"))
            #expect(answer["stopped"].equals("cancelled") && answer["asks"].integer == 0)
        }
    }

    @Test("a persona or a run that there is not is an error with advice, and nothing is started")
    func unknown() async throws {
        try await with(
            """
            local run, err = runs.start { user = "ann", prompt = "hi", persona = "izy" }
            local none, missing = runs.get "0"
            local events, lost = runs.events "0"
            return { json = { err = tostring(err), kind = missing.kind, lost = lost.kind, count = #runs.list(),
              nothing = run == nil and none == nil and events == nil } }
            """
        ) { bed in
            let answer = try await bed.get("/x/probe").json
            #expect(answer["err"].string?.contains("did you mean \"izzy\"?") == true, "\(answer.value as Any)")
            #expect(answer["kind"].equals("not_found") && answer["lost"].equals("not_found"))
            #expect(answer["count"].integer == 0 && answer["nothing"].bool == true)
        }
    }

    @Test("a list without following ends where the run is; pins, chats and agents are as the store has them")
    func standing() async throws {
        try await with(
            """
            local run = assert(runs.start { user = "ann", persona = "izzy", prompt = "say hi", chat = "daily" })
            assert(runs.wait(run.id))
            assert(runs.pin(run.id))
            local seen, last = 0, 0
            for event in assert(runs.events(run.id, { follow = false })) do seen, last = seen + 1, event.number end
            local chat = assert(runs.chats())[1]
            local agent = assert(workspaces.agents())[1]
            local space = assert(workspaces.get { user = "ann" })
            return { json = { pinned = runs.get(run.id).pinned, all = seen == last and seen > 2, chat = chat,
              agent = agent, same = chat.id == run.id, young = #runs.chats { unused_for = "1d" },
              space = agent.workspace == space.id, bytes = workspaces.usage(space.id).bytes } }
            """
        ) { bed in
            let answer = try await bed.get("/x/probe").json
            #expect(answer["pinned"].bool == true && answer["all"].bool == true, "\(answer.value as Any)")
            #expect(answer["chat"]["chat"].equals("daily") && answer["chat"]["pinned"].bool == true)
            #expect(answer["chat"]["turns"].integer == 1 && answer["same"].bool == true)
            #expect(answer["agent"]["agent"].equals("izzy") && answer["space"].bool == true)
            #expect(answer["young"].integer == 0 && (answer["bytes"].integer ?? 0) > 0)
        }
    }

    @Test("the personas of a workspace are mirrored in its file, as older programs read them")
    func mirror() async throws {
        try await ChatBed.with { bed in
            let file = "\(bed.state.path)/workspaces/\(Workspace.id(of: "anonymous"))/.open-persona/personas.json"
            _ = try await bed.chat(
                ["say hi"], headers: [("x-openpersona-original-model-id", "my-izzy")],
                ["model": "open-persona/izzy"])
            let izzy = try await mirrored(file) { $0["izzy"].exists }["izzy"]
            #expect(izzy["originalModelId"].string == "my-izzy", "\(izzy.value as Any)")
            #expect(izzy["systemPrompt"].string == bed.fake.prompts.first?.system)
            #expect(izzy["updatedAt"].string?.hasSuffix("Z") == true && izzy["features"].kind == .object)

            let meta = Base64.encode(Array(#"{"integrations":{"notes":{"enabled":true}}}"#.utf8))
            _ = try await bed.chat(
                ["say hi"], headers: [("x-openpersona-meta-b64", meta)], ["model": "open-persona/izzy"])
            let both = try await mirrored(file) { $0["izzy-notes"].exists }
            #expect(both["izzy-notes"]["features"]["notes"].bool == true && both["izzy"].exists)
        }
    }

    /// The mirror's personas, once they are as they should be.
    private func mirrored(_ file: String, _ isGood: (JSONView) -> Bool) async throws -> JSONView {
        let end = Instant.clock + .seconds(30)
        while true {
            if let text = try? TextFile.read(file), let view = try? JSON.parse(text), view["version"].integer == 1,
                isGood(view["personas"])
            {
                return view["personas"]
            }
            guard Instant.clock < end else { throw Fault(.timeout, "waited in vain for \(file)") }
            await Loop.yield()
        }
    }
}
