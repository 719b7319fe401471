import Runtime

extension Sequence<Secret> {
    /// What a runner printed, without these. What is too short to be a secret would tear words apart.
    func hidden(in text: String) -> String {
        reduce(text) { $1.count < 6 ? $0 : $0.replacing($1.reveal(), with: "•••") }
    }
}
