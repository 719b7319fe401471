import Runtime

// Nothing that is told of a run has secrets in it.
extension Runs {
    /// Without secrets, which providers and tools like to quote in what they say of a failure.
    func cleaned(_ failure: RunFailure) -> RunFailure {
        var failure = failure
        failure.message = log.secrets.clean(failure.message)
        failure.hint = failure.hint.map { log.secrets.clean($0) }
        return failure
    }

    func cleaned(_ event: RunEventBody) -> RunEventBody {
        switch event {
        case .notice(let text, let isPassing): .notice(log.secrets.clean(text), isPassing: isPassing)
        case .error(let failure): .error(cleaned(failure))
        case .state(let state, let reason): .state(state, reason: log.secrets.clean(reason))
        case .tool(let tool): .tool(tool.hiding(log.secrets))
        case .text, .reasoning, .todo, .ask, .answer, .usage, .artifact, .cut, .place: event
        }
    }
}
