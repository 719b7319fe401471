/// Finds out which opencode, if any, answers at an address.
@Loop
struct OpencodeProbe {
    let link: OpencodeLink

    func dialect() async throws -> any OpencodeDialect {
        let health = try await link.answer(OpencodeCall(.get, ["global", "health"], limit: link.settings.probe))
        if health.status == 401 { return try await second(unauthorized: health) }
        if (200...299).contains(health.status), let json = health.json, let version = json["version"].string {
            let capabilities = OpencodeCapabilities(version: version, major: major(version))
            switch capabilities.major {
            case 1: return MajorOne(link, capabilities)
            case 2: return MajorTwo(link, capabilities)
            default: throw unknown(version)
            }
        }
        if (500...599).contains(health.status) { _ = try health.value() }
        return try await second(unauthorized: nil)
    }

    /// Version 2 no longer knows the first call. With a wrong password both versions look the same.
    private func second(unauthorized: OpencodeAnswer?) async throws -> any OpencodeDialect {
        let info = try await link.answer(OpencodeCall(.get, ["api", "info"], limit: link.settings.probe))
        if info.status == 401 || unauthorized != nil && info.json == nil {
            throw Fault(
                .unauthenticated,
                link.hasPassword ? "\(link.name) wants another user or password" : "\(link.name) wants a password",
                hint: "set OPENCODE_SERVER_USERNAME and OPENCODE_SERVER_PASSWORD to those that it was started with")
        }
        let json = info.json ?? JSONView.nothing
        guard (200...299).contains(info.status), !info.isHTML,
            let version = json["version"].string ?? json["data"]["version"].string
        else {
            throw Fault(
                .unavailable, "what answers at \(link.address.redacted) is no opencode server that is known here",
                hint: "opencode 1.0.190 or newer, or 2.x, started by `opencode serve`, is needed")
        }
        let capabilities = OpencodeCapabilities(version: version, major: major(version))
        guard capabilities.major == 2 else { throw unknown(version) }
        return MajorTwo(link, capabilities)
    }

    /// A server built from its sources calls itself something else; it speaks the newest 1.x.
    private func major(_ version: String) -> Int { OpencodeCapabilities.numbers(version).first ?? 1 }

    private func unknown(_ version: String) -> Fault {
        Fault(
            .unavailable, "\(link.name) has version \(version), which this Perigee cannot speak with",
            hint: "use opencode 1.x, or 2.x for what is known of it, or a newer Perigee", isRetryable: false)
    }
}

extension JSONView {
    /// A place where there is nothing.
    static var nothing: JSONView { JSONView([], -1) }
}
