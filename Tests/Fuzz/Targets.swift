/// What each target does with one input. A room adds its own in a file of its own and a line here; a target traps when
/// a promise is broken and ignores faults, which are the right answer to bad input.
let fuzzTargets: [String: @Sendable (UnsafeBufferPointer<UInt8>) -> Void] = [
    "http": fuzzHTTP,
    "websocket": fuzzWebSocket,
    "sse": fuzzSSE,
    "url": fuzzURL,
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

/// Cuts an input at places that a seed decides: parsers must not care how their bytes arrive.
func split(_ bytes: [UInt8], _ seed: UInt8) -> [ArraySlice<UInt8>] {
    var state = UInt64(seed) | 1
    var pieces: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let count = min(rest.count, 1 + Int(state >> 33) % (1 + Int(seed)))
        pieces.append(rest.prefix(count))
        rest = rest.dropFirst(count)
    }
    return pieces
}
