import Runtime

extension Request {
    /// The members of a body that is an object, or none; members that nobody knows are a mistake.
    func fields(_ known: [String], limit: Int = 64 << 10) async throws -> JSONObject {
        let bytes = try await body.collect(limit: limit)
        if bytes.isEmpty { return [:] }
        guard case .object(let members)? = try JSON.parse(bytes).value else {
            throw Fault(.invalidInput, "the body is no object", hint: "send JSON such as {}")
        }
        for member in members where !known.contains(member.key) {
            let near = NearestName.of(member.key, among: known).map { "did you mean \"\($0)\"?" }
            throw Fault(
                .invalidInput, "\"\(member.key.prefix(64))\" is no member of this body",
                hint: near ?? "known are \(known.joined(separator: ", "))")
        }
        return members
    }
}

extension JSONObject {
    func flag(_ name: String) throws -> Bool? {
        guard let value = self[name] else { return nil }
        guard let flag = value.bool else { throw Fault(.invalidInput, "`\(name)` is neither true nor false") }
        return flag
    }

    func words(_ name: String) throws -> [String]? {
        guard let value = self[name] else { return nil }
        guard case .array(let elements) = value, elements.allSatisfy({ $0.string != nil }) else {
            throw Fault(.invalidInput, "`\(name)` is no list of texts")
        }
        return elements.compactMap(\.string)
    }
}
