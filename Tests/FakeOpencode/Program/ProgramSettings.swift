import FakeOpencode
import Glibc
import Runtime

/// What the environment says: the original's variables, and a few of the double's own.
enum ProgramSettings {
    static var version: String { value("FAKE_OPENCODE_VERSION") ?? FakeSettings().version }

    @Loop static var modes: FakeModes {
        var modes = FakeModes()
        for word in (value("FAKE_OPENCODE_MODES") ?? "").split(separator: ",") {
            switch word {
            case "oldDialect": modes.oldDialect = true
            case "newMajor": modes.newMajor = true
            case "isSilent": modes.isSilent = true
            case "heartbeatsOnly": modes.heartbeatsOnly = true
            case "closesStreams": modes.closesStreams = true
            case "hangsHTTP": modes.hangsHTTP = true
            default: print("FAKE_OPENCODE_MODES: there is no mode \(word)")
            }
        }
        return modes
    }

    static func read() throws -> FakeSettings {
        var settings = FakeSettings()
        settings.directory = directory
        settings.password = value("OPENCODE_SERVER_PASSWORD")
        settings.username = value("OPENCODE_SERVER_USERNAME") ?? settings.username
        settings.version = version
        settings.statePath = try statePath()
        if let text = value("FAKE_OPENCODE_HEARTBEAT_MS"), let period = Int(text) {
            settings.heartbeat = .milliseconds(period)
        }
        settings.haste = value("FAKE_OPENCODE_HASTE").flatMap { Double($0) } ?? settings.haste
        settings.strongConfig = try config()
        return settings
    }

    private static func config() throws -> JSONValue {
        var config = JSONObject()
        if let text = value("OPENCODE_CONFIG_CONTENT"), case .object(let members)? = try JSON.parse(text).value {
            config = members
        }
        if let text = value("OPENCODE_PERMISSION") { config["permission"] = try JSON.parse(text).value }
        return .object(config)
    }

    private static var directory: String {
        var bytes = [CChar](repeating: 0, count: 4096)
        guard getcwd(&bytes, bytes.count) != nil else { return "/" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Below `XDG_DATA_HOME`; a test without one must not touch the home of whoever runs it.
    private static func statePath() throws -> String? {
        guard let data = value("XDG_DATA_HOME") else { return nil }
        mkdir(data, 0o700)
        let directory = "\(data)/opencode"
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw Fault.system("create", directory, errno: errno)
        }
        return "\(directory)/sessions.json"
    }

    private static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
