/// How one major of opencode is spoken. What a major cannot do is told in a fault.
@Loop
protocol OpencodeDialect: AnyObject {
    var capabilities: OpencodeCapabilities { get }

    var stream: OpencodeCall { get }
    func events(_ frame: JSONView) -> [OpencodeEvent]

    func create(_ session: OpencodeNewSession, in directory: String) async throws -> OpencodeSession
    func session(_ id: String, in directory: String?) async throws -> OpencodeSession
    func sessions(in directory: String, limit: Int) async throws -> [OpencodeSession]
    func remove(_ session: String, in directory: String?) async throws
    func fork(_ session: String, before message: String?, in directory: String?) async throws -> OpencodeSession
    func children(of session: String, in directory: String?) async throws -> [OpencodeSession]
    func abort(_ session: String, in directory: String?) async throws

    /// Oldest first; those before a place where `older` leads, or the newest.
    func messages(
        of session: String, limit: Int, before place: String?, in directory: String?
    ) async throws -> (messages: [OpencodeMessage], older: String?)
    /// Hands it over and returns, with the message's id where the server tells it.
    func prompt(_ prompt: OpencodePrompt, to session: String, in directory: String?) async throws -> String?
    /// Of those that are not idle.
    func status(in directory: String) async throws -> [String: OpencodeStatus]

    func asks(in directory: String) async throws -> [OpencodeAsk]
    func answer(
        _ ask: OpencodeAsk, _ verdict: OpencodeVerdict, answers: [[String]], message: String?, in directory: String?)
        async throws

    func todo(of session: String, in directory: String?) async throws -> [OpencodeTodo]
    func diff(of session: String, message: String?, in directory: String?) async throws -> JSONValue
    func revert(_ session: String, to message: String, part: String?, in directory: String?) async throws
    func unrevert(_ session: String, in directory: String?) async throws
    func share(_ session: String, _ isShared: Bool, in directory: String?) async throws -> OpencodeSession
    func config(in directory: String) async throws -> JSONValue
    func agents(in directory: String) async throws -> JSONValue
    func setKey(_ key: Secret, of provider: String) async throws
    func dispose(_ directory: String) async throws
    func disposeAll() async throws
}
