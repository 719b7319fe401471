import Glibc
import Runtime

/// Who is let in, and where their things are: encryption, keys, the gate and the workspaces, opened together.
@Loop
final class Access {
    let encryption: EncryptionKey
    let keys: Keys
    let gate: Gate
    let workspaces: Workspaces

    private init(_ encryption: EncryptionKey, _ keys: Keys, _ gate: Gate, _ workspaces: Workspaces) {
        self.encryption = encryption
        self.keys = keys
        self.gate = gate
        self.workspaces = workspaces
    }

    static func open(
        _ settings: Settings, _ store: Store, _ directory: StateDirectory, log: Log
    ) async throws -> Access {
        let encryption = try await EncryptionKey.open(
            settings[SettingTable.encryptionKey], file: directory.encryptionKey, store: store)
        log.secrets.add(encryption.base64.reveal())
        let keys = try await Keys.open(store, now: now)
        let gate = Gate(keys: keys, rules: settings.gateRules(encryption), log: log.part("gate"))
        let (root, keyFiles) = (settings.workspaceRoot, directory.keys)
        let places = try await BlockingPool.shared.run("opening \(root)") {
            try WorkspacePlaces.open(root: root, keys: keyFiles)
        }
        let workspaces = Workspaces(
            store, places: places, sealer: encryption.sealer, defaults: settings.defaultProviderKeys,
            log: log.part("workspaces"), now: now)
        try await workspaces.takeOverRoot()
        if let setup = try await keys.makeSetupKey() { announce(setup, log) }
        return Access(encryption, keys, gate, workspaces)
    }

    /// The one time that a key is seen in a log: it is good until the first real one is made, and a day at most.
    private static func announce(_ setup: IssuedKey, _ log: Log) {
        log.warning(
            "no API key has been made yet: this one-time admin key makes the first, and ends with it",
            [
                "setup": LogValue(setup.token.reveal()),
                "hint": "on this machine `perigee key create` needs none",
            ])
    }

    /// The wall clock in milliseconds since the epoch.
    static func now() -> Int64 { SystemJobClock().milliseconds }

    /// The same in seconds, for commands, which run beside the loop.
    nonisolated static func seconds() -> Int64 { Int64(time(nil)) }
}
