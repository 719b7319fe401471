import Runtime

/// Where the server listens besides its port, and where the other commands ask it.
enum SocketPlace: Sendable, Equatable {
    case off
    /// `isChosen` when somebody asked for it: then it must work.
    case at(String, isChosen: Bool)
    /// The default, below a state directory whose name leaves no room for it.
    case tooLong(String)
}

extension Settings {
    var socket: SocketPlace {
        let (text, origin) = source.text(of: SettingTable.socket)
        if Accepted.off.contains(text) { return .off }
        let path = resolve(text)
        if origin == .fallback, path.utf8.count > SocketPath.longest { return .tooLong(path) }
        return .at(path, isChosen: origin != .fallback)
    }

    /// A path with `~` and `$STATE_DIR` in their places.
    func resolve(_ path: String) -> String {
        if path.hasPrefix("$STATE_DIR/") { return stateDirectory + path.dropFirst("$STATE_DIR".count) }
        return Settings.expandingHome(path)
    }
}
