/// What each target does with one input. A room adds its own in a file of its own and a line here; a target traps when
/// a promise is broken and ignores faults, which are the right answer to bad input.
let fuzzTargets: [String: @Sendable (UnsafeBufferPointer<UInt8>) -> Void] = [
    "json": fuzzJSON,
    "json-typed": fuzzTypedJSON,
    "jwt": fuzzToken,
    "encodings": fuzzEncodings,
    "sealed": fuzzSealed,
]

/// Stops the program when something that must hold does not, so that libFuzzer keeps the input.
func promise(_ holds: Bool, _ otherwise: String) {
    if !holds { preconditionFailure(otherwise) }
}
