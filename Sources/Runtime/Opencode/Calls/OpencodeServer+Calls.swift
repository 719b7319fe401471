// What can be asked of a server. A session's own directory goes before the one that is given with it.

extension OpencodeServer {
    public func create(_ session: OpencodeNewSession, in directory: String) async throws -> OpencodeSession {
        try await dialect().create(session, in: directory)
    }

    /// `.notFound` means that the server is well and has no such session.
    public func session(_ id: String, in directory: String? = nil) async throws -> OpencodeSession {
        try await dialect().session(id, in: directory)
    }

    public func sessions(in directory: String, limit: Int = 100) async throws -> [OpencodeSession] {
        try await dialect().sessions(in: directory, limit: limit)
    }

    /// It does not stop a turn: abort first.
    public func remove(_ session: String, in directory: String? = nil) async throws {
        try await dialect().remove(session, in: directory)
    }

    /// A copy of what was before `message`, or of all.
    public func fork(
        _ session: String, before message: String? = nil, in directory: String? = nil
    ) async throws -> OpencodeSession {
        try await dialect().fork(session, before: message, in: directory)
    }

    public func children(of session: String, in directory: String? = nil) async throws -> [OpencodeSession] {
        try await dialect().children(of: session, in: directory)
    }

    public func abort(_ session: String, in directory: String? = nil) async throws {
        try await dialect().abort(session, in: directory)
    }

    /// The newest, oldest first, or those before the place that an earlier answer gave as `older`.
    public func messages(
        of session: String, limit: Int = 50, before place: String? = nil, in directory: String? = nil
    ) async throws -> (messages: [OpencodeMessage], older: String?) {
        try await dialect().messages(of: session, limit: limit, before: place, in: directory)
    }

    /// Hands a prompt over and returns at once. A busy session takes it too, and answers it in the same turn. Gives the
    /// message's id where the server tells it.
    @discardableResult
    public func prompt(
        _ prompt: OpencodePrompt, to session: String, in directory: String? = nil
    ) async throws -> String? {
        wakes(session)
        return try await dialect().prompt(prompt, to: session, in: directory)
    }

    /// Those that are not idle.
    public func status(in directory: String) async throws -> [String: OpencodeStatus] {
        try await dialect().status(in: directory)
    }

    /// Permissions and questions that wait for an answer.
    public func asks(in directory: String) async throws -> [OpencodeAsk] { try await dialect().asks(in: directory) }

    /// `.notFound` means that it no longer waits.
    public func answer(
        _ ask: OpencodeAsk, _ verdict: OpencodeVerdict, answers: [[String]] = [], message: String? = nil,
        in directory: String? = nil
    ) async throws {
        try await dialect().answer(ask, verdict, answers: answers, message: message, in: directory)
    }

    public func todo(of session: String, in directory: String? = nil) async throws -> [OpencodeTodo] {
        try await dialect().todo(of: session, in: directory)
    }

    /// Version 1 tells it for one message of the user only.
    public func diff(
        of session: String, message: String?, in directory: String? = nil
    ) async throws -> JSONValue {
        try await dialect().diff(of: session, message: message, in: directory)
    }

    /// Files are put back at once, messages go with the next prompt.
    public func revert(
        _ session: String, to message: String, part: String? = nil, in directory: String? = nil
    ) async throws {
        try await dialect().revert(session, to: message, part: part, in: directory)
    }

    public func unrevert(_ session: String, in directory: String? = nil) async throws {
        try await dialect().unrevert(session, in: directory)
    }

    public func share(
        _ session: String, _ isShared: Bool = true, in directory: String? = nil
    ) async throws -> OpencodeSession {
        try await dialect().share(session, isShared, in: directory)
    }

    /// With the provider's keys in it, as the server gives it.
    public func config(in directory: String) async throws -> JSONValue { try await dialect().config(in: directory) }

    public func agents(in directory: String) async throws -> JSONValue { try await dialect().agents(in: directory) }

    /// The server keeps it, for all of its directories; one that runs knows it after `dispose`.
    public func setKey(_ key: Secret, of provider: String) async throws {
        try await dialect().setKey(key, of: provider)
    }

    /// Ends what runs in a directory, turns included; the next call boots it anew.
    public func dispose(_ directory: String) async throws { try await dialect().dispose(directory) }

    /// The same for all directories, before the server itself is stopped: it ends what it has started.
    public func disposeAll() async throws { try await dialect().disposeAll() }
}
