import Runtime

// What the agent waits for goes to whoever answers, and the answer back.

extension OpencodePerformance {
    func open(_ asked: OpencodeAsk, tool: OpencodeTool?, isSubtask: Bool) {
        let ask = Ask(asked, tool: tool, isSubtask: isSubtask)
        asking.spawn("ask \(asked.id)") { [self] in
            // It may have gone away already.
            guard !settled.contains(asked.id) else { return }
            let answer = try await attempt.ask(ask)
            guard !settled.contains(asked.id), answer.verdict != .withdrawn else { return }
            replied.insert(asked.id)
            try await reply(answer, to: asked)
        }
    }

    /// It no longer waits there. Our own answer comes back this way too.
    func close(_ id: String, _ verdict: OpencodeVerdict?, _ answers: [[String]]) {
        settled.insert(id)
        guard !replied.contains(id) else { return }
        let said: AskAnswer.Verdict =
            switch verdict {
            case .once: .once
            case .always: .always
            case .reject: .reject
            case .answered: .answered
            case nil: .withdrawn
            }
        attempt.withdraw(ask: id, AskAnswer(ask: id, verdict: said, answers: answers, by: "opencode"))
    }

    /// The agent waits for ever for an answer that gets lost, so it is sent until it has arrived or is not wanted.
    private func reply(_ answer: AskAnswer, to ask: OpencodeAsk) async throws {
        let (verdict, message) = OpencodePerformance.verdict(answer, ask)
        var pause = Duration.milliseconds(200)
        while !settled.contains(ask.id) {
            do {
                try await server.answer(ask, verdict, answers: answer.answers, message: message, in: directory)
                return
            } catch let fault as Fault where fault.isRetryable {
                engine.log.warning(
                    "an answer did not arrive: \(fault.message)",
                    ["run": LogValue(run.id), "ask": LogValue(ask.id)])
                try await Loop.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            } catch let fault as Fault where fault.kind == .notFound {
                // It was answered elsewhere a moment ago.
                return
            }
        }
    }

    /// A rejection with a message lets the agent go on without; one without ends its turn.
    private static func verdict(_ answer: AskAnswer, _ ask: OpencodeAsk) -> (OpencodeVerdict, String?) {
        switch answer.verdict {
        case .once: (ask.isPermission ? .once : .reject, nil)
        case .always: (ask.isPermission ? .always : .reject, nil)
        case .answered: (ask.isPermission ? .reject : .answered, nil)
        case .expired: (.reject, answer.message ?? "Nobody answered in time.")
        case .reject, .dismissed, .withdrawn: (.reject, answer.message)
        }
    }
}
