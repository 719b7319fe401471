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
                method: .get, path: "/openapi.json", summary: "This description.", answers: [200: "an OpenAPI 3.1 document"],
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
            root.field("openapi", "3.1.0")
            root.key("info")
            root.object {
                $0.field("title", "Perigee")
                $0.field("version", Version.current)
            }
            root.key("paths")
            root.object { paths in
                for (path, endpoints) in byPath(doors) {
                    paths.key(path)
                    paths.object { item in
                        for (door, endpoint) in endpoints {
                            item.key(endpoint.method.rawValue.lowercased())
                            operation(endpoint, of: door, in: &item)
                        }
                    }
                }
            }
        }
        return writer.bytes
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
            operation.field("summary", endpoint.summary)
            operation.key("tags")
            operation.array { $0.value(door) }
            let names = parameters(endpoint.path)
            if !names.isEmpty {
                operation.key("parameters")
                operation.array { list in
                    for name in names { parameter(name, in: &list) }
                }
            }
            operation.key("responses")
            operation.object { answers in
                for (status, meaning) in endpoint.answers {
                    answers.key(String(status))
                    answers.object { answer(status, meaning, endpoint.mediaType, in: &$0) }
                }
            }
        }
    }

    private static func answer(_ status: Int, _ meaning: String, _ mediaType: String, in writer: inout JSONWriter) {
        writer.field("description", meaning)
        writer.key("content")
        writer.object {
            $0.key(mediaType)
            $0.object { _ in }
        }
    }

    private static func parameter(_ name: String, in writer: inout JSONWriter) {
        writer.object {
            $0.field("name", name)
            $0.field("in", "path")
            $0.field("required", true)
            $0.key("schema")
            $0.object { $0.field("type", "string") }
        }
    }

    private static func parameters(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}
