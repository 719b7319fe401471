import Runtime

/// Describes every door as OpenAPI 3.1, made from the same list that the router was made from.
@Loop
struct DescriptionDoor: Door {
    let name = "description"
    private let document: [UInt8]

    init(of doors: [any Door]) { document = OpenAPI.document(doors + [DescriptionDoor()]) }

    private init() { document = [] }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/openapi.json", summary: "This description.",
                answers: [200: "an OpenAPI 3.1 document"],
                action: .plain { [document] _ in .json(document) })
        ]
    }
}

/// Puts endpoints into an OpenAPI document.
@Loop
enum OpenAPI {
    static func document(_ doors: [any Door]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { root in
            root.member("openapi", "3.1.0")
            root.object("info") {
                $0.member("title", "Perigee")
                $0.member("version", Version.current)
            }
            root.object("paths") { paths in
                for (path, endpoints) in byPath(doors) {
                    paths.key(escaping: path)
                    paths.object { item in
                        for (door, endpoint) in endpoints {
                            item.key(escaping: endpoint.method.rawValue.lowercased())
                            operation(endpoint, of: door, in: &item)
                        }
                    }
                }
            }
        }
        return writer.finish()
    }

    /// In the order in which the doors name them; a path stands once.
    private static func byPath(_ doors: [any Door]) -> [(path: String, endpoints: [(door: String, Endpoint)])] {
        var paths: [(path: String, endpoints: [(String, Endpoint)])] = []
        for door in doors {
            for endpoint in door.endpoints {
                if let index = paths.firstIndex(where: { $0.path == endpoint.path }) {
                    paths[index].endpoints.append((door.name, endpoint))
                } else {
                    paths.append((endpoint.path, [(door.name, endpoint)]))
                }
            }
        }
        return paths
    }

    private static func operation(_ endpoint: Endpoint, of door: String, in writer: inout JSONWriter) {
        writer.object { operation in
            operation.member("summary", endpoint.summary)
            operation.array("tags") { $0.value(door) }
            let names = parameters(endpoint.path)
            if !names.isEmpty {
                operation.array("parameters") { list in
                    for name in names { parameter(name, in: &list) }
                }
            }
            operation.object("responses") { answers in
                for (status, meaning) in endpoint.answers {
                    answers.key(escaping: String(status))
                    answers.object { answer(status, meaning, endpoint.mediaType, in: &$0) }
                }
            }
        }
    }

    private static func answer(_ status: Int, _ meaning: String, _ mediaType: String, in writer: inout JSONWriter) {
        writer.member("description", meaning)
        writer.object("content") {
            $0.key(escaping: mediaType)
            $0.object { _ in }
        }
    }

    private static func parameter(_ name: String, in writer: inout JSONWriter) {
        writer.object {
            $0.member("name", name)
            $0.member("in", "path")
            $0.member("required", true)
            $0.object("schema") { $0.member("type", "string") }
        }
    }

    private static func parameters(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}
