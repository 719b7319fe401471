import LuaBridge
import Testing

@testable import Runtime

@Suite("contract")
struct ContractTests {
    private static let roots: [Shape] =
        [.record(Contract.hookFile), .record(Contract.persona), .record(Contract.gcJob), .record(Contract.job)]
        + [.record(Contract.integration), .record(Contract.route)]

    private func complaint(_ check: () throws -> Void) -> String? {
        do {
            try check()
            return nil
        } catch let fault as ShapeFault {
            return fault.text(of: "it")
        } catch {
            return "\(error)"
        }
    }

    /// Every record that can be reached, with the fields of functions as records too.
    private func records() -> [Record] {
        var found: [String: Record] = [:]
        var functions: [Record] = []
        func visit(_ fields: [Field]) { for field in fields { visit(field.shape) } }
        func visit(_ shape: Shape) {
            switch shape {
            case .list(let element), .map(let element): visit(element)
            case .either(let shapes): shapes.forEach(visit)
            case .function(let signature):
                functions.append(Record("function", "A function.", signature.parameters))
                functions.append(Record("function", "A function.", signature.results))
                visit(signature.parameters + signature.results)
            case .record(let record):
                guard found.updateValue(record, forKey: record.name) == nil else { return }
                visit(record.fields)
            default: return
            }
        }
        ContractTests.roots.forEach(visit)
        return found.values.sorted { $0.name < $1.name } + functions
    }

    @Test("the hooks are those of the design, in its order")
    func hooks() {
        #expect(
            Contract.hooks.map(\.name) == [
                "identify", "classify", "persona", "place", "quota", "runner", "opencode_config", "render",
                "permission", "leave", "recover", "reconcile", "route_provider", "artifacts", "push", "finished",
            ])
        #expect(Contract.hookFile.fields.map(\.name) == Contract.hooks.map(\.name) + ["routes"])
        #expect(Contract.hooks.filter { $0.decision == nil }.map(\.name) == ["finished"])
    }

    @Test("every record and every field is documented, named in snake case, and named once")
    func documented() {
        let records = records()
        #expect(records.count > 40)
        for record in records {
            #expect(record.summary.hasSuffix("."), "\(record.name)")
            #expect(record.name == "function" || record.name.wholeMatch(of: /host\.[A-Z][A-Za-z]+/) != nil)
            #expect(Set(record.fields.map(\.name)).count == record.fields.count, "\(record.name)")
            for field in record.fields {
                let place = "\(record.name).\(field.name)"
                #expect(field.name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil, "\(place)")
                #expect(field.summary.count > 5 && !field.summary.contains("\n"), "\(place)")
                #expect(field.summary.hasSuffix(".") || field.summary.hasSuffix("?"), "\(place)")
            }
        }
    }

    @Test("records of one name are one record")
    func sameNames() {
        var fields: [String: [String]] = [:]
        func visit(_ shape: Shape) {
            switch shape {
            case .list(let element), .map(let element): visit(element)
            case .either(let shapes): shapes.forEach(visit)
            case .function(let signature): (signature.parameters + signature.results).forEach { visit($0.shape) }
            case .record(let record):
                let names = record.fields.map(\.name)
                if let known = fields.updateValue(names, forKey: record.name) {
                    #expect(known == names, "\(record.name)")
                } else {
                    record.fields.forEach { visit($0.shape) }
                }
            default: return
            }
        }
        ContractTests.roots.forEach(visit)
    }

    @Test(
        "without a script every hook decides something that is itself a good decision",
        arguments: Contract.hooks.indices)
    func fallbacks(index: Int) throws {
        let hook = Contract.hooks[index]
        for facts in ContractTests.situations(of: hook) {
            let decision = hook.fallback(facts)
            #expect((decision == nil) == (hook.decision == nil), "\(hook.name)")
            if let decision { #expect(complaint { try hook.check(decision) } == nil, "\(hook.name)") }
        }
        #expect(!hook.fallbackSummary.isEmpty && hook.fallbackSummary.hasSuffix("."))
    }

    /// No facts at all, empty ones, and those that the fallbacks look at.
    private static func situations(of hook: HookContract) -> [[LuaValue]] {
        let telling: [[LuaValue]] = [
            [["key": ["user": "ann"]]], [["allows_anonymous": true]], [["started": true]],
            [["kind": "agent_gone", "attempt": 1]], [["session": "busy", "run": ["started": 1]]], [["attended": true]],
            [["modes": ["rehearsal"]]], [["model": "open-persona/plan"], [["id": "plan"]]],
            [[:], [["name": "a", "breaker": "closed"]]], [[:], [["name": "a", "breaker": "open", "retry_in": 900]]],
        ]
        return [[], Array(repeating: [:], count: hook.facts.count)] + telling
    }

    @Test("without a script, a prompt that may have had effects is never run again unasked")
    func effects() {
        let recover = Contract.hook(named: "recover")!
        for kind in ["rate_limited", "session_missing", "agent_gone", "timeout"] as [LuaValue] {
            #expect(recover.fallback([["kind": kind, "started": true, "attempt": 1]])?["action"] == "ask")
        }
        #expect(
            recover.fallback([["kind": "session_missing", "started": false, "attempt": 1]])?["action"]
                == "recreate_session")
        #expect(
            recover.fallback([["kind": "session_missing", "started": false, "attempt": 2]])?["action"] == "give_up")
        let reconcile = Contract.hook(named: "reconcile")!
        #expect(reconcile.fallback([["run": ["started": 5], "session": "idle"]])?["action"] == "ask")
        #expect(reconcile.fallback([["run": [:], "session": "unknown"]])?["action"] == "resume")
        #expect(reconcile.fallback([["run": ["started": 5], "session": "busy"]])?["action"] == "resume")
    }

    @Test("without a script, nobody is let in who has no key and is not at this machine")
    func strangers() {
        let identify = Contract.hook(named: "identify")!
        let stranger: LuaValue = [
            "allows_anonymous": false, "peer": ["trusted": false], "body_user": "ann",
            "headers": ["x-openwebui-user-id": "ann"],
        ]
        #expect(identify.fallback([stranger])?["refuse"] == "a key is needed")
        #expect(identify.fallback([["peer": ["trusted": true]]])?["user"] == "anonymous")
        #expect(identify.fallback([["key": ["user": "ann"], "body_user": "bob"]])?["user"] == "ann")
    }

    @Test("without a script, a run waits for the provider that is free first")
    func providers() {
        let route = Contract.hook(named: "route_provider")!
        let full: LuaValue = ["name": "full", "breaker": "closed", "quota": ["limit": 3, "used": 3, "resets_in": 20]]
        let broken: LuaValue = ["name": "broken", "breaker": "open", "retry_in": 7]
        let good: LuaValue = ["name": "good", "breaker": "closed", "quota": ["limit": 3, "used": 2, "resets_in": 20]]
        #expect(route.fallback([[:], [full, broken, good]])?["order"] == ["good"])
        #expect(route.fallback([[:], [full, broken]])?["wait"] == 7.0)
        #expect(route.fallback([[:], [full]])?["wait"] == 20.25)
        #expect(route.fallback([[:], []])?["wait"] == 5.0)
    }

    @Test("decisions are held to more than their fields")
    func rules() {
        let rows: [(String, LuaValue, String?)] = [
            ("identify", ["user": "ann", "source": "jwt"], nil),
            ("identify", ["refuse": "no"], nil),
            ("identify", [:], "it: field 'user' is missing; give `user` or `refuse`"),
            ("identify", ["user": "", "source": "jwt"], "it: field 'user' is empty"),
            ("identify", ["user": "ann"], "it: field 'source' is missing"),
            ("identify", ["usr": "ann"], "it: field 'usr' is unknown; did you mean 'user'?"),
            (
                "classify", ["kind": "turn", "answer": "x"],
                "it: field 'answer' is for side calls only; give kind = \"background\""
            ),
            (
                "classify", ["kind": "background", "task": "titel"],
                "it: field 'task' is \"titel\", not \(Shape.choice(Contract.tasks).words); did you mean \"title\"?"
            ),
            ("persona", ["settings": [:]], "it: field 'persona' is missing; give `persona` or `refuse`"),
            (
                "route_provider", ["order": []],
                "it: field 'order' is empty; name candidates, or give `wait` to queue the run"
            ),
            ("route_provider", ["wait": "3s"], nil),
            ("permission", ["action": "deny", "wait": "3s"], "it: field 'wait' is for action = \"ask\" only"),
            ("permission", ["action": "ask", "wait": "3s", "otherwise": "once"], nil),
            ("recover", ["action": "retry", "after": 2.5, "reason": "because"], nil),
            ("recover", ["action": "retry", "afer": 2], "it: field 'afer' is unknown; did you mean 'after'?"),
            ("artifacts", [["type": "file", "path": "a"]], nil),
            (
                "artifacts", [["type": "fil"]],
                "it: field '[1].type' is \"fil\", not one of \"plan\", \"pull_request\", \"screenshot\", "
                    + "\"file\", \"external_reference\"; did you mean \"file\"?"
            ),
            ("opencode_config", ["config": ["lsp": false, "share": "disabled"]], nil),
            ("finished", "whatever", nil),
        ]
        for (name, decision, message) in rows {
            #expect(complaint { try Contract.hook(named: name)!.check(decision) } == message)
        }
    }

    @Test("the nearest hook is named for a slip")
    func nearest() {
        #expect(Contract.nearestHook(to: "identfy") == "identify")
        #expect(Contract.nearestHook(to: "route") == "routes")
        #expect(Contract.nearestHook(to: "opencode_confg") == "opencode_config")
        #expect(Contract.nearestHook(to: "helper") == nil)
    }

    @Test("a hook takes its facts and next, and gives a decision or an error")
    func signatures() {
        let persona = Contract.hook(named: "persona")!.signature
        #expect(persona.parameters.map(\.name) == ["request", "personas", "next"])
        #expect(persona.results.map(\.name) == ["decision", "err"])
        let finished = Contract.hook(named: "finished")!.signature
        #expect(finished.parameters.map(\.name) == ["run"])
        #expect(finished.results.isEmpty)
    }
}
