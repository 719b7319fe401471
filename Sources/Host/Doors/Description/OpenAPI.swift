import Runtime

/// Puts endpoints into an OpenAPI document.
@Loop
enum OpenAPI {
    static func document(_ doors: [any Door]) -> [UInt8] {
        var paths: JSONObject = [:]
        for door in doors {
            for endpoint in door.endpoints {
                let path = template(endpoint.path)
                var item: JSONObject = [:]
                if case .object(let known)? = paths[path] { item = known }
                item[endpoint.method.rawValue.lowercased()] = .object(operation(endpoint, of: door.name))
                paths[path] = .object(item)
            }
        }
        let document: JSONValue = [
            "openapi": "3.1.0",
            "info": [
                "title": "Perigee", "version": .string(Version.current),
                "description":
                    "Lists answer `next`, which `?after=` takes for more (of runs, `?before=`); times are RFC 3339 in UTC.",
            ],
            "tags": .array(doors.map(\.name).uniqued.map { ["name": .string($0)] }), "paths": .object(paths),
            "components": [
                "securitySchemes": ["key": ["type": "http", "scheme": "bearer", "description": "An API key."]],
                "schemas": .object(JSONObject(Schematics.all)),
            ],
        ]
        // What is in it are texts and whole numbers.
        let bytes = try? JSON.encode(document)
        return bytes ?? []
    }

    /// `{rest...}` takes the rest of a path, for which OpenAPI has no word.
    private static func template(_ path: String) -> String { path.replacing("...}", with: "}") }

    private static func operation(_ endpoint: Endpoint, of door: String) -> JSONObject {
        var operation: JSONObject = [
            "summary": .string(endpoint.summary), "tags": [.string(door)],
            "operationId": .string(OpenAPI.id(endpoint)),
        ]
        let parameters = parameters(of: endpoint)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let body = endpoint.body {
            operation["requestBody"] = [
                "required": .bool(body.isRequired),
                "content": .object([body.mediaType: ["schema": body.schema.json]]),
            ]
        }
        operation["responses"] = .object(answers(of: endpoint))
        if !isOpen(endpoint) { operation["security"] = [["key": []]] }
        return operation
    }

    private static func id(_ endpoint: Endpoint) -> String {
        let words = endpoint.path.split { !$0.isLetter && !$0.isNumber }
        return ([endpoint.method.rawValue.lowercased()] + words.map(String.init)).joined(separator: "_")
    }

    /// What stands for a name in a path: the server takes no control characters there.
    private static let segment: JSONValue = [
        "type": "string", "minLength": 1, "pattern": #"^[^\u0000-\u001f\u007f]+$"#,
    ]

    private static func parameters(of endpoint: Endpoint) -> [JSONValue] {
        let names = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
            String($0.dropFirst().dropLast()).replacing("...", with: "")
        }
        let inPath = names.map { name -> JSONValue in
            ["name": .string(name), "in": "path", "required": true, "schema": segment]
        }
        return inPath
            + endpoint.parameters.map { parameter in
                [
                    "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
                    "required": .bool(parameter.isRequired), "description": .string(parameter.purpose),
                    "schema": parameter.schema.json,
                ]
            }
    }

    // MARK: answers

    private static func answers(of endpoint: Endpoint) -> JSONObject {
        var meanings: [Int: String] = [:]
        for (status, meaning) in usual(endpoint) { meanings[status] = meaning }
        for (status, meaning) in endpoint.answers { meanings[status] = meaning }
        var answers: JSONObject = [:]
        for (status, meaning) in meanings.sorted(by: { $0.key < $1.key }) {
            answers[String(status)] = .object(answer(status, meaning, endpoint))
        }
        // Whatever another server, or a script of the owner's, says.
        if endpoint.isRelayed { answers["default"] = ["description": "Passed on as it is."] }
        return answers
    }

    private static func answer(_ status: Int, _ meaning: String, _ endpoint: Endpoint) -> JSONObject {
        var answer: JSONObject = ["description": .string(meaning)]
        if status == 204 || status == 101 { return answer }
        guard status >= 400, !endpoint.toldAlike.contains(status) else {
            if status != 202 || endpoint.mediaType == "application/json" {
                answer["content"] = .object([endpoint.mediaType: ["schema": endpoint.schema.json]])
            }
            if endpoint.streams { answer["content"] = streamed(endpoint) }
            return answer
        }
        let problem: JSONValue = ["schema": Schematic.ref("Problem").json]
        // What the server itself refuses reaches no door.
        var told: JSONObject = ["application/problem+json": problem]
        if endpoint.path.hasPrefix("/v1") { told["application/json"] = ["schema": Schematic.ref("OpenAIError").json] }
        if ["/sessions", "/api/sessions"].contains(where: endpoint.path.hasPrefix) {
            told["application/json"] = ["schema": Schematic.ref("SessionError").json]
        }
        answer["content"] = .object(told)
        return answer
    }

    private static func streamed(_ endpoint: Endpoint) -> JSONValue {
        .object([
            "application/json": ["schema": endpoint.schema.json], "text/event-stream": ["schema": [:]],
        ])
    }

    /// What may happen to any request of its kind.
    private static func usual(_ endpoint: Endpoint) -> [(Int, String)] {
        var usual: [(Int, String)] = [(400, "the request is not understood"), (503, "not served just now")]
        if !isOpen(endpoint) { usual += [(401, "no good key"), (403, "not for you")] }
        if endpoint.path.contains("{") { usual.append((404, "there is nothing of that name")) }
        if endpoint.body != nil { usual.append((413, "the body is too large")) }
        return usual
    }

    /// Nobody needs a key to know whether it is alive, and how it is asked.
    private static func isOpen(_ endpoint: Endpoint) -> Bool {
        ["/health", "/healthz", "/ready", "/metrics", "/openapi.json", "/mgmt/docs", "/mgmt/docs/{file}"].contains(
            endpoint.path)
    }
}

extension Endpoint {
    /// Answers as JSON or as a stream, as the body asks.
    fileprivate var streams: Bool { path == "/v1/chat/completions" || path == "/v1/responses" }

    fileprivate var isRelayed: Bool {
        path.hasPrefix("/x/") || path.hasPrefix("/opencode/") || path == "/v1/embeddings"
    }
}

extension [String] {
    /// Each once, in the order in which they first came.
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
