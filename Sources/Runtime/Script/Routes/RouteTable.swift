/// The routes of one generation, to be found by method and path. A literal segment wins over a `{name}`, a name over
/// `{rest...}`.
public struct RouteTable {
    public enum Match {
        case route(ScriptRoute, parameters: [String: String])
        case wrongMethod(allow: [Method])
        case nothing
    }

    private enum Segment: Equatable {
        case literal(Substring)
        case name(Substring)
        case rest(Substring)

        init(_ text: Substring) {
            if text.hasPrefix("{"), text.hasSuffix("...}") {
                self = .rest(text.dropFirst().dropLast(4))
            } else if text.hasPrefix("{"), text.hasSuffix("}") {
                self = .name(text.dropFirst().dropLast())
            } else {
                self = .literal(text)
            }
        }

        var rank: Int {
            switch self {
            case .literal: 0
            case .name: 1
            case .rest: 2
            }
        }
    }

    /// The most particular first, so that the first that fits is the one.
    private let entries: [(segments: [Segment], route: ScriptRoute)]

    init(_ routes: [ScriptRoute]) {
        entries = routes.map { (RouteTable.segments($0.pattern).map(Segment.init), $0) }
            .sorted { left, right in
                left.0.map(\.rank).lexicographicallyPrecedes(right.0.map(\.rank))
            }
    }

    /// HEAD is answered by GET.
    func match(_ method: Method, _ path: String) -> Match {
        let path = RouteTable.segments(path)
        var allow: [Method] = []
        for (segments, route) in entries {
            guard let parameters = RouteTable.parameters(segments, path) else { continue }
            if route.method == method || (method == .head && route.method == .get) {
                return .route(route, parameters: parameters)
            }
            if !allow.contains(route.method) { allow.append(route.method) }
        }
        return allow.isEmpty ? .nothing : .wrongMethod(allow: allow)
    }

    private static func segments(_ path: String) -> [Substring] {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }

    private static func parameters(_ segments: [Segment], _ path: [Substring]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            switch segment {
            case .rest(let name):
                guard index < path.count else { return nil }
                parameters[String(name)] = path[index...].joined(separator: "/")
                return parameters
            case .literal(let text):
                guard index < path.count, path[index] == text else { return nil }
            case .name(let name):
                guard index < path.count, !path[index].isEmpty else { return nil }
                parameters[String(name)] = String(path[index])
            }
        }
        return segments.count == path.count ? parameters : nil
    }
}
