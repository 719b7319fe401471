import Runtime

extension Checkup {
    /// What keeps runners apart that are processes. Worth knowing, and no reason not to start.
    static func isolation() async -> [Finding] {
        do {
            return try await IsolationFacts.look().lines.map { line in
                Finding(
                    subject: "runner \(line.subject)", state: line.isGood ? .good : .worth, text: line.text,
                    advice: line.advice)
            }
        } catch {
            let fault = Fault(error)
            return [Finding(subject: "runner sandbox", state: .worth, text: fault.message, advice: fault.hint)]
        }
    }
}
