/// Why a request was refused before any handler saw it. The connection closes after the answer, because where the next
/// request begins is not certain.
struct Refusal: Equatable {
    let status: Int
    let reason: StaticReason

    init(_ status: Int, _ reason: StaticReason) {
        self.status = status
        self.reason = reason
    }

    var fault: Fault {
        let kind: Fault.Kind =
            switch status {
            case 408: .timeout
            case 413, 414, 431: .tooLarge
            default: .invalidInput
            }
        return Fault(kind, "the request was refused: \(reason)")
    }
}
