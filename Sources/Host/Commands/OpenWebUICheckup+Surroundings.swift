import Runtime

// What else a connection needs to be of use to everybody: a key that is known, models that users see, and the filter.

extension OpenWebUICheckup {
    func surroundings(_ key: String, _ client: HTTPClient, _ address: String) async -> [Finding] {
        [
            await finding("key") { try await keyFinding(key, client) },
            await finding("models") { try await modelsFinding(client, address) },
            await finding("filter") { try await filterFinding(client, address) },
        ]
    }

    private func finding(_ subject: String, _ look: @Loop () async throws -> Finding) async -> Finding {
        do {
            return try await look()
        } catch {
            let fault = Fault(error)
            return Finding(
                subject: subject, state: .worth, text: "not looked at: \(fault.message)", advice: fault.hint)
        }
    }

    /// Asked of the Perigee that listens here: where Open WebUI reaches it may be nowhere from here.
    private func keyFinding(_ key: String, _ client: HTTPClient) async throws -> Finding {
        let host = settings[SettingTable.host]
        let place = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host.contains(":") ? "[\(host)]" : host
        var request = HTTPRequest(
            .get, try WebAddress("http://\(place):\(settings[SettingTable.port])/v1/models"))
        request.guarding = .open
        if !key.isEmpty { request.headers.add("Authorization", "Bearer \(key)") }
        let answer = try await Deadline.within(.seconds(10)) { [request] in try await client.send(request) }
        _ = try await answer.body.collect(limit: 1 << 20)
        guard answer.status == 200 else {
            return Finding(
                subject: "key", state: .bad, text: "Perigee refuses the connection's (\(answer.status))",
                advice:
                    "make one with `perigee key create --name open-webui --scopes chat,speak-for`, and enter it there")
        }
        return Finding(subject: "key", state: .good, text: "Perigee knows the connection's")
    }

    private func modelsFinding(_ client: HTTPClient, _ address: String) async throws -> Finding {
        let entries = try await get("/api/v1/models/base", client, address).elements.filter {
            $0["id"].string?.contains("open-persona/") == true && $0["is_active"].bool != false
        }
        // Grants are an empty list where nobody but administrators may use it.
        let shared = entries.filter { !$0["access_grants"].exists || $0["access_grants"].count > 0 }
        guard shared.isEmpty else {
            return Finding(
                subject: "models", state: .good,
                text: "users see \(shared.compactMap { $0["id"].string }.joined(separator: ", "))")
        }
        return Finding(
            subject: "models", state: .worth, text: "administrators alone see Perigee's",
            advice: "give them entries with access for users: docs/openwebui.md, step 4, or deploy/openwebui/seed.py")
    }

    private func filterFinding(_ client: HTTPClient, _ address: String) async throws -> Finding {
        let filter = try await get("/api/v1/functions/", client, address).elements.first {
            $0["type"].equals("filter") && $0["id"].string?.contains("perigee") == true
        }
        func lacking(_ text: String, _ advice: String) -> Finding {
            Finding(subject: "filter", state: .worth, text: text, advice: advice)
        }
        guard let filter else {
            return lacking(
                "not there: neither users' own keys nor the data of persona models are sent",
                "paste deploy/openwebui/perigee_filter.py as a function if you want them")
        }
        if filter["is_active"].bool == false { return lacking("it is switched off", "switch it on") }
        if filter["is_global"].bool == false {
            return lacking("it is not global", "make it so in its menu, or choose it in each model")
        }
        guard !settings[SettingTable.filterSecret].isEmpty else {
            return lacking("what it signs is not believed here", "set PERIGEE_FILTER_SECRET to its valve `secret`")
        }
        return Finding(subject: "filter", state: .good, text: "switched on for all models")
    }
}
