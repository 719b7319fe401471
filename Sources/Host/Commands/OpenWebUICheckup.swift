import Runtime

/// What an Open WebUI needs to talk to this Perigee, in words to paste, and what a running one lacks.
@Loop
struct OpenWebUICheckup {
    /// Headers of the connection, by their names, with what Open WebUI fills in.
    nonisolated static let headers: KeyValuePairs<String, String> = [
        "X-OpenWebUI-Chat-Id": "{{CHAT_ID}}", "X-OpenWebUI-Message-Id": "{{MESSAGE_ID}}",
        "X-OpenWebUI-User-Message-Id": "{{USER_MESSAGE_ID}}",
        "X-OpenWebUI-User-Message-Parent-Id": "{{USER_MESSAGE_PARENT_ID}}", "X-OpenWebUI-Task": "{{TASK}}",
        "X-OpenWebUI-Model-Id": "{{MODEL_ID}}",
    ]

    let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    // MARK: to paste

    nonisolated static func instructions(_ settings: Settings) -> String {
        let host = settings[SettingTable.host]
        let place = host == "0.0.0.0" || host == "::" ? "THIS-MACHINE" : host
        let isSigned = !settings[SettingTable.userTokenSecret].isEmpty
        return """
            Open WebUI, Settings, Admin, Connections, a new OpenAI connection:

              URL      http://\(place):\(settings[SettingTable.port])/v1
              API Key  what `perigee key create --name open-webui --scopes chat,speak-for` prints
              Headers  (below Advanced)

            \(headersJSON)

            In the environment of Open WebUI:

              ENABLE_FORWARD_USER_INFO_HEADERS=True
              FORWARD_USER_INFO_HEADER_JWT_SECRET=\(isSigned ? "the same as Perigee's" : "a secret, the same here (signs who asks)")

            For the data of persona models and for keys of each user, paste deploy/openwebui/perigee_filter.py as a
            function of type filter. docs/openwebui.md has every step; deploy/openwebui/seed.py does them all.

            """
    }

    nonisolated static var headersJSON: String {
        var writer = JSONWriter(.pretty)
        writer.object { object in
            for (name, template) in headers {
                object.key(escaping: name)
                object.value(template)
            }
        }
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    // MARK: a running one

    /// Nothing when no address is set.
    func findings() async -> [Finding] {
        let address = settings[SettingTable.openWebUIAddress]
        guard !address.isEmpty else { return [] }
        let client = HTTPClient()
        var findings: [Finding] = []
        do {
            findings.append(try await version(client, address))
            findings += try await connections(client, address)
        } catch {
            let fault = Fault(error)
            findings.append(
                Finding(subject: "open webui", state: .bad, text: fault.message, advice: fault.hint))
        }
        await client.close()
        return findings
    }

    private func version(_ client: HTTPClient, _ address: String) async throws -> Finding {
        let answer = try await get("/api/version", client, address)
        guard let version = answer["version"].string else {
            throw Fault(
                .invalidInput, "\(address) answers, and not as Open WebUI does", hint: "check OPENWEBUI_URL")
        }
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        let isOld = numbers.lexicographicallyPrecedes([0, 10])
        return Finding(
            subject: "open webui", state: isOld ? .worth : .good, text: "\(version) at \(address)",
            advice: isOld ? "0.10 and later tell which message an answer is for; 0.12.2 which model" : nil)
    }

    private func connections(_ client: HTTPClient, _ address: String) async throws -> [Finding] {
        guard !settings[SettingTable.openWebUIKey].isEmpty else {
            return [
                Finding(
                    subject: "connection", state: .worth, text: "not looked at",
                    advice: "set OPENWEBUI_API_KEY to an administrator's key of Open WebUI")
            ]
        }
        let config = try await get("/openai/config", client, address)
        let port = settings[SettingTable.port]
        let addresses = config["OPENAI_API_BASE_URLS"].elements.compactMap(\.string)
        guard let index = addresses.firstIndex(where: { Self.leads($0, to: port) }) else {
            return [
                Finding(
                    subject: "connection", state: .bad, text: "none of \(addresses.count) leads to port \(port)",
                    advice: "add one, see the lines above")
            ]
        }
        var findings = [Finding(subject: "connection", state: .good, text: addresses[index])]
        let configs = config["OPENAI_API_CONFIGS"]
        let own = configs["\(index)"].exists ? configs["\(index)"] : configs[addresses[index]]
        findings.append(headersFinding(own["headers"]))
        if own["enable"].bool == false {
            findings.append(
                Finding(subject: "connection", state: .bad, text: "it is switched off", advice: "switch it on"))
        }
        return findings + (await surroundings(config["OPENAI_API_KEYS"][index].string ?? "", client, address))
    }

    nonisolated static func leads(_ address: String, to port: Int) -> Bool {
        // What is no address leads nowhere.
        (try? WebAddress(address))?.port == port
    }

    private func headersFinding(_ headers: JSONView) -> Finding {
        // They are kept as an object, or as its text.
        let given = headers.string.flatMap { try? JSON.parse($0) } ?? headers
        let names = Set(given.members.map { $0.key.lowercased() })
        let missing = Self.headers.map(\.key).filter { !names.contains($0.lowercased()) }
        return missing.isEmpty
            ? Finding(subject: "headers", state: .good, text: "all \(Self.headers.count) are sent")
            : Finding(
                subject: "headers", state: .worth, text: "\(missing.joined(separator: ", ")) are not sent",
                advice: "paste the headers above: without them edits and branches are guessed from the history")
    }

    func get(_ path: String, _ client: HTTPClient, _ address: String) async throws -> JSONView {
        var stem = address[...]
        while stem.hasSuffix("/") { stem = stem.dropLast() }
        var request = HTTPRequest(.get, try WebAddress("\(stem)\(path)"))
        request.guarding = .open
        let key = settings[SettingTable.openWebUIKey]
        if !key.isEmpty { request.headers.add("Authorization", "Bearer \(key)") }
        let answer = try await Deadline.within(.seconds(10)) { [request] in try await client.send(request) }
        let body = try await answer.body.collect(limit: 1 << 20)
        guard answer.status == 200 else {
            throw Fault(
                answer.status == 401 || answer.status == 403 ? .denied : .unavailable,
                "Open WebUI answered \(path) with \(answer.status)",
                hint: answer.status == 401 || answer.status == 403
                    ? "OPENWEBUI_API_KEY has to be an administrator's, and API keys have to be enabled there" : nil)
        }
        return try JSON.parse(body)
    }
}
