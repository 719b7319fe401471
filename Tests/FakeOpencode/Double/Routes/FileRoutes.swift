import Runtime

/// Files of a directory, read for real.
extension Life {
    func addFiles(to routes: FakeRoutes) {
        routes.on(.get, "/file") { call in
            let instance = try call.instance
            let path = Files.resolve(call.request.query["path"] ?? ".", in: instance.directory)
            let entries = (Files.names(in: path) ?? []).map { Life.entry($0, in: path, instance.directory) }
            return .value(.array(entries))
        }
        routes.on(.get, "/file/content") { call in
            let instance = try call.instance
            let path = Files.resolve(call.request.query["path"] ?? "", in: instance.directory)
            let bytes = Files.read(path) ?? []
            guard String(validating: bytes, as: UTF8.self) != nil else {
                return .value(["type": "binary", "content": .string(Base64.encode(bytes)), "encoding": "base64"])
            }
            return .value(["type": "text", "content": .string(String(decoding: bytes, as: UTF8.self))])
        }
        routes.on(.get, "/find/file") { call in
            let instance = try call.instance
            let query = call.request.query["query"] ?? ""
            let limit = call.request.query["limit"].flatMap { Int($0) } ?? 10
            let found = Life.walk(instance.directory, depth: 4).map { FileDiff.name($0, in: instance.directory) }
            return .value(.array(found.filter { $0.contains(query) }.prefix(limit).map(JSONValue.string)))
        }
    }

    private static func entry(_ name: String, in path: String, _ directory: String) -> JSONValue {
        let whole = "\(path)/\(name)"
        let isDirectory = Files.isDirectory(whole)
        return [
            "name": .string(name), "path": .string(FileDiff.name(whole, in: directory) + (isDirectory ? "/" : "")),
            "absolute": .string(whole), "type": isDirectory ? "directory" : "file", "ignored": false,
        ]
    }

    private static func walk(_ path: String, depth: Int) -> [String] {
        (Files.names(in: path) ?? []).filter { $0 != ".git" }.flatMap { name -> [String] in
            let whole = "\(path)/\(name)"
            return Files.isDirectory(whole) ? (depth > 0 ? walk(whole, depth: depth - 1) : []) : [whole]
        }
    }
}
