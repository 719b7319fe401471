/// What `opencode serve` says when it listens, in both of its major versions.
enum ReadyLine {
    /// Where it listens; nil as long as no whole line says so.
    static func address(in output: String) -> String? {
        for line in output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            guard let mark = line.firstRange(of: "server listening on http://") else { continue }
            let place = line[mark.upperBound...].prefix { $0 != " " && $0 != "/" && $0 != "\r" }
            guard let colon = place.lastIndex(of: ":"), let port = Int(place[place.index(after: colon)...]),
                1...65535 ~= port
            else { continue }
            return "http://127.0.0.1:\(port)"
        }
        return nil
    }

    /// Whether it failed because somebody else has got the port meanwhile.
    static func saysPortIsTaken(_ output: String) -> Bool {
        let text = output.lowercased()
        return ["eaddrinuse", "in use", "failed to start server"].contains(where: text.contains)
    }
}
