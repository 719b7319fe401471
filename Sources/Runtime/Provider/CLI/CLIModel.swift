/// A program that answers: started from a list of arguments, never through a shell; the prompt goes to its input, so that
/// it stands in nobody's list of processes, and what it writes is the answer.
@Loop
struct CLIModel {
    private let provider: ModelProvider
    private let request: ModelRequest
    private let scope: Scope

    init(_ provider: ModelProvider, _ request: ModelRequest, _ scope: Scope) {
        self.provider = provider
        self.request = request
        self.scope = scope
    }

    /// A conversation as the one text that such programs take.
    nonisolated static func prompt(_ request: ModelRequest, model: String) -> String {
        var paragraphs = ["Model: \(request.model ?? model)"]
        if let system = request.system, !system.isEmpty { paragraphs.append(system) }
        if request.messages.count == 1 {
            paragraphs.append(request.messages[0].text)
        } else {
            paragraphs += request.messages.map { "\($0.role == .user ? "User" : "Assistant"): \($0.text)" }
        }
        return paragraphs.joined(separator: "\n\n") + "\n"
    }

    func start() async throws -> ModelStream {
        guard !provider.command.isEmpty else {
            throw ProviderFailure(
                .misconfigured, "the provider \(provider.name) has no program", provider: provider.name,
                hint: "set OZ_PROVIDER_\(provider.name.uppercased())_CLI_CMD")
        }
        let isPlain = request.messages.allSatisfy { message in
            message.parts.allSatisfy { if case .text = $0 { true } else { false } }
        }
        guard isPlain else {
            throw ProviderFailure(
                .refused, "\(provider.name): a program takes no images or documents", provider: provider.name)
        }
        var options = Subprocess.Options(output: .stream, errors: .stream, ownSession: true)
        if let key = provider.key {
            options.environment = .inherit(
                Subprocess.Environment.usual, adding: ["OZ_PROVIDER_API_KEY": key.reveal()])
        }
        options.input = .bytes(Array(CLIModel.prompt(request, model: provider.model).utf8))
        let child = try await Subprocess.start(provider.command, options)
        return follow(child)
    }

    private func follow(_ child: Subprocess) -> ModelStream {
        let provider = provider
        let scope = scope
        let end = Instant.clock + provider.limits.program
        var text = UTF8Pieces()
        var said = BoundedBytes(limit: 64 << 10, overflow: .keepEnds)
        var size = 0
        var isDone = false
        let errors = Waiter<[UInt8]>("the errors of \(child.name)")
        scope.spawn("errors of \(child.name)") {
            var kept = BoundedBytes(limit: 64 << 10, overflow: .keepEnds)
            while let piece = try await child.errors?.next() { _ = piece.withUnsafeBytes { kept.append($0) } }
            errors.finish(.success(kept.bytes))
        }
        return ModelStream(
            provider.name,
            pull: {
                if isDone { return nil }
                return try await Deadline.by(end) {
                    if let piece = try await child.output?.next() {
                        size += piece.count
                        guard size <= provider.limits.answer else {
                            let bound = Units.describe(bytes: provider.limits.answer)
                            throw Fault(.tooLarge, "the program wrote more than \(bound)")
                        }
                        _ = piece.withUnsafeBytes { said.append($0) }
                        let new = text.take(piece)
                        return new.isEmpty ? [] : [.text(new)]
                    }
                    isDone = true
                    let outcome = try await child.value()
                    let complaint = try await errors.value()
                    try CLIModel.judge(outcome, said.bytes, complaint, provider)
                    let rest = text.finish()
                    return (rest.isEmpty ? [] : [.text(rest)]) + [.finish(.stop)]
                }
            },
            stop: {
                child.output?.close()
                child.errors?.close()
                if child.isRunning { scope.spawn("ending \(child.name)") { await child.stop() } }
            })
    }

    nonisolated static func judge(
        _ outcome: ChildEnd, _ output: [UInt8], _ errors: [UInt8], _ provider: ModelProvider
    ) throws {
        guard outcome != .exited(0) else { return }
        let words = [errors, output].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
        let text = words.lowercased()
        if ["rate limit", "too many requests", "429"].contains(where: text.contains) {
            throw ProviderFailure(
                .rateLimited, "\(provider.name): the program has reached a rate limit", provider: provider.name)
        }
        let how =
            switch outcome {
            case .exited(let code): "ended with code \(code)"
            case .signalled(let signal): "was ended by signal \(signal)"
            }
        let last = words.split(separator: "\n").last.map { ": \($0.prefix(500))" } ?? ""
        throw ProviderFailure(.broken, "\(provider.name): the program \(how)\(last)", provider: provider.name)
    }
}

/// Text from bytes that are cut anywhere: a character that is not whole yet waits for its rest.
struct UTF8Pieces {
    private var tail: [UInt8] = []

    mutating func take(_ bytes: [UInt8]) -> String {
        var all = tail + bytes
        tail = []
        var start = all.count
        // A lead byte stands at most three before the end.
        for back in 1...3 where back <= all.count {
            let byte = all[all.count - back]
            if byte & 0xc0 == 0x80 { continue }
            let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
            if length > back { start = all.count - back }
            break
        }
        tail = Array(all[start...])
        all.removeSubrange(start...)
        return String(decoding: all, as: UTF8.self)
    }

    mutating func finish() -> String {
        defer { tail = [] }
        return String(decoding: tail, as: UTF8.self)
    }
}
