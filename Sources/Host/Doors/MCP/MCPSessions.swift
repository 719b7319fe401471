import Runtime

/// Sessions of agents, which prove themselves: nothing about one is kept, so an agent goes on after a restart of the
/// server. Only those that were ended are remembered, the newest thousand.
@Loop
final class MCPSessions {
    private nonisolated static let remembered = 1024

    private let tokens: IntegrationTokens
    private var ended: Set<String> = []
    private var order: [String] = []

    init(_ tokens: IntegrationTokens) { self.tokens = tokens }

    func begin(_ caller: IntegrationCaller, _ version: MCPVersion) -> String {
        let stem = "\(version.rawValue).\(Random.token(bytes: 12))"
        return "\(stem).\(mark(stem, caller))"
    }

    /// The session's version; nil for one that is ended, somebody else's, or made up.
    func version(of session: String, _ caller: IntegrationCaller) -> MCPVersion? {
        let parts = session.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let version = MCPVersion(rawValue: String(parts[0])), !ended.contains(session),
            ConstantTime.equal(String(parts[2]), mark("\(parts[0]).\(parts[1])", caller))
        else { return nil }
        return version
    }

    func end(_ session: String) {
        guard ended.insert(session).inserted else { return }
        order.append(session)
        if order.count > MCPSessions.remembered { ended.remove(order.removeFirst()) }
    }

    private func mark(_ stem: String, _ caller: IntegrationCaller) -> String {
        tokens.mark("session\n\(stem)\n\(caller.integration)\n\(caller.workspace)\n\(caller.user)")
    }
}
