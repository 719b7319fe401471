import Glibc
import Runtime

/// Where in a workspace a call works.
enum PassagePlace {
    /// The directory that a request names, or the workspace's own when it names none. One that is not below it is
    /// refused; so is one that a link leads out of it.
    @Loop
    static func directory(_ named: [String], in workspace: String) async throws -> String {
        var chosen: String?
        for text in named where text != workspace && !text.isEmpty {
            guard isInside(text, workspace) else { throw outside(text) }
            let real = try await BlockingPool.shared.run("the directory \(text)") { try resolved(text) }
            guard isInside(real, workspace) else { throw outside(text) }
            chosen = chosen ?? real
        }
        return chosen ?? workspace
    }

    /// A path as some calls name it: absolute, or below the directory.
    static func check(path: String, from directory: String, _ workspace: String) throws {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        var kept: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part != ".." {
                kept.append(part)
            } else if kept.popLast() == nil {
                throw outside(path)
            }
        }
        guard isInside("/" + kept.joined(separator: "/"), workspace) else { throw outside(path) }
    }

    /// By their text alone; one that climbs is never inside.
    static func isInside(_ path: String, _ workspace: String) -> Bool {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else { return false }
        let (parts, root) = (path.split(separator: "/"), workspace.split(separator: "/"))
        return parts.starts(with: root) && !parts.contains { $0 == ".." || $0 == "." }
    }

    private static func resolved(_ path: String) throws -> String {
        guard let real = realpath(path, nil) else { throw Fault.system("open", path, errno: errno) }
        defer { free(real) }
        return String(cString: real)
    }

    private static func outside(_ path: String) -> Fault {
        Fault(
            .denied, "`\(path)` is not in this workspace",
            hint: "leave `directory` out to work in the workspace itself, or name one below it")
    }
}

/// Which sessions belong to which directory, as far as somebody has asked.
@Loop
final class PassageSessions {
    /// There is none of that id, or none that this client may know of.
    struct Unknown: Error {
        let session: String

        /// As the agent's server says it.
        var response: Response {
            get throws {
                var answer = Response.json(
                    try JSON.encode(
                        ["name": "NotFoundError", "data": ["message": .string("Session not found: \(session)")]]
                            as JSONValue))
                answer.status = 404
                return answer
            }
        }
    }

    private var directories: [String: String] = [:]
    private var order: [String] = []
    /// At the bound the oldest go, and are asked for again.
    private static let most = 4096

    func check(_ session: String, on lease: PassageLease, in workspace: String) async throws {
        guard session.hasPrefix("ses"), session.utf8.count <= 128, session.utf8.allSatisfy(PassageSessions.isPlain)
        else { throw Unknown(session: String(session.prefix(128))) }
        guard PassagePlace.isInside(try await directory(session, lease, workspace), workspace) else {
            throw Unknown(session: session)
        }
    }

    private func directory(_ session: String, _ lease: PassageLease, _ workspace: String) async throws -> String {
        let name = "\(lease.runner)/\(session)"
        if let known = directories[name] { return known }
        do {
            let found = try await lease.server.session(session, in: workspace).directory
            if directories.updateValue(found, forKey: name) == nil { order.append(name) }
            if order.count > PassageSessions.most { directories[order.removeFirst()] = nil }
            return found
        } catch {
            if Fault(error).kind == .notFound { throw Unknown(session: session) }
            throw RunnerGone(error)
        }
    }

    private nonisolated static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 95, 97...122, 45: true
        default: false
        }
    }
}
