import Runtime

/// What is compared of the wire: kinds and order of events, keys and types of values; ids and times are none of it.
enum WireShape {
    static func shape(_ value: JSONValue?) -> String {
        switch value {
        case .object(let members):
            "{"
                + members.map(\.key).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
                .map { "\($0):\(shape(members[$0]))" }.joined(separator: ",") + "}"
        case .array(let elements): "[\(elements.first.map { shape($0) } ?? "")]"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "text"
        case .null, nil: "null"
        }
    }

    /// An event's kind with the few values that tell one from another.
    static func label(_ event: JSONValue) -> String {
        let properties = event.properties
        switch event.kind {
        case "message.updated":
            let info = properties["info"]
            var words = ["message", info?["role"]?.string ?? ""]
            if let finish = info?["finish"]?.string { words.append(finish) }
            if let error = info?["error"]?["name"]?.string { words.append(error) }
            if info?["time"]?["completed"] != nil { words.append("completed") }
            return words.joined(separator: " ")
        case "message.part.updated":
            let part = properties["part"]
            var words = ["part", part?["type"]?.string ?? ""]
            if words[1] == "tool" { words += [part?["tool"]?.string ?? "", part?["state"]?["status"]?.string ?? ""] }
            if words[1] == "step-finish" { words.append(part?["reason"]?.string ?? "") }
            return words.joined(separator: " ")
        case "session.status": return "status \(properties["status"]?["type"]?.string ?? "")"
        case "session.error": return "error \(properties["error"]?["name"]?.string ?? "")"
        default: return event.kind
        }
    }

    private static let noise: Set<String> = ["catalog.updated", "reference.updated", "integration.updated"]

    /// Kind and shape of each event, as recorded; repeated tokens are one.
    static func lines(_ events: [JSONValue]) -> [String] {
        var lines: [String] = []
        for event in events where !noise.contains(event.kind) {
            var line = "\(label(event))\t\(shape(event))"
            if event.kind == "sync" { line = sync(event) }
            if event.kind == "message.part.delta", lines.last == line { continue }
            lines.append(line)
        }
        return lines
    }

    private static func sync(_ event: JSONValue) -> String {
        guard case .object(var outer) = event, case .object(var payload)? = outer["payload"],
            case .object(var inner)? = payload["syncEvent"]
        else { return "" }
        inner["data"] = 0
        payload["syncEvent"] = .object(inner)
        outer["payload"] = .object(payload)
        let number = inner["seq"]?.integer ?? -1
        return "sync \(inner["type"]?.string ?? "") \(number)\t\(shape(.object(outer)))"
    }

    /// The order of what happens, without what the original says whenever it gets to it; of that, the count.
    static func order(_ events: [JSONValue]) -> [String] {
        var (lines, seen, late): ([String], Set<String>, [String: Int]) = ([], [], [:])
        for event in events where !noise.contains(event.kind) && event.kind != "server.connected" {
            var line = label(event)
            if line == "message user", !seen.insert(event.properties["info"]?["id"]?.string ?? "").inserted {
                line = "late user"
            }
            if ["session.updated", "session.diff", "late user"].contains(line) {
                late[line, default: 0] += 1
            } else if line != "message.part.delta", !(lines.last == line && isRunning(line)) {
                lines.append(line)
            }
        }
        // Asking and running race in the original.
        for place in lines.indices.dropLast() where lines[place].hasSuffix(".asked") && isRunning(lines[place + 1]) {
            lines.swapAt(place, place + 1)
        }
        return lines + late.sorted { $0.key < $1.key }.map { "~ \($0.key) \($0.value)" }
    }

    private static func isRunning(_ line: String) -> Bool { line.hasPrefix("part tool") && line.hasSuffix("running") }
}
