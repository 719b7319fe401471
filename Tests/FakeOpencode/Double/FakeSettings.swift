public import Runtime

/// How a double is set up; all of it is fixed while it runs but `version`.
public struct FakeSettings: Sendable {
    /// The working directory of the server, for requests that name none.
    public var directory = "/"
    /// With one, every route answers 401 to whoever does not send it. The newer major makes one up when there is none.
    public var password: String?
    public var username = "opencode"
    public var version = "1.17.20"
    /// Where sessions are kept over a restart of the process; nil keeps them in memory only.
    public var statePath: String?
    public var heartbeat = Duration.seconds(10)
    /// Waits of the original (2 s before a retry) are multiplied by this.
    public var haste = 0.01
    /// Merged under what `opencode.json` in a directory says.
    public var config: JSONValue = FakeSettings.standardConfig
    /// Merged over everything else, as `OPENCODE_CONFIG_CONTENT` is.
    public var strongConfig: JSONValue = [:]
    /// Stands where the message of an `error` has the word KEY: providers quote the keys that they refuse.
    public var quotedKey = "KEY"
    /// The events that a directory's first turn brings beside its own: catalogues, references, integrations.
    public var isNoisy = true

    public init() {}

    public static let standardConfig: JSONValue = [
        "$schema": "https://opencode.ai/config.json", "command": [:], "plugin": [], "share": "disabled",
        "autoupdate": false, "model": "fake/m1", "small_model": "fake/m1", "username": "unknown", "mode": [:],
        "agent": [:],
        "provider": [
            "fake": [
                "name": "Fake", "npm": "@ai-sdk/openai-compatible",
                "options": ["apiKey": "sk-test", "baseURL": "http://127.0.0.1:9/v1"],
                "models": [
                    "m1": [
                        "name": "Fake One", "reasoning": true, "tool_call": true,
                        "cost": ["input": 1, "output": 2, "cache_read": 0.1],
                        "limit": ["context": 100_000, "output": 8000],
                    ]
                ],
            ]
        ],
        "formatter": false, "lsp": false,
    ]
}

/// What is wrong with the server just now. All of it can change at any moment.
public struct FakeModes: Sendable, Equatable {
    /// Streams deliver nothing, not even heartbeats, and new ones not even the first event.
    public var isSilent = false
    /// Streams deliver the first event and heartbeats only.
    public var heartbeatsOnly = false
    /// A stream ends right after its first event.
    public var closesStreams = false
    /// Requests are taken and never answered.
    public var hangsHTTP = false
    /// Milliseconds before each answer.
    public var delay = 0
    /// The wire of 1.1: text grows inside `message.part.updated`, events have no id, nothing is repeated as `sync`.
    public var oldDialect = false
    /// Answers like the second major: `/api/info` alone, always with a password.
    public var newMajor = false

    public init() {}
}

/// One prompt as it came in.
public struct FakePrompt: Sendable, Equatable {
    public let session: String
    public let directory: String
    public let messageID: String
    public let text: String
    public let agent: String
    /// `provider/model`
    public let model: String
    public let system: String?
    /// The whole body.
    public let body: JSONValue
    /// How often the model was asked for this message, retries among them.
    public internal(set) var modelCalls = 0
}
