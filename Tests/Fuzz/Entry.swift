import Glibc

/// libFuzzer calls this for every input. One program holds all targets; `PERIGEE_FUZZ_TARGET` names the one.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    chosenTarget(UnsafeBufferPointer(start: bytes, count: count))
    return 0
}

private let chosenTarget: @Sendable (UnsafeBufferPointer<UInt8>) -> Void = {
    let name = getenv("PERIGEE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = fuzzTargets[name] else {
        let known = fuzzTargets.keys.sorted().joined(separator: " ")
        print("PERIGEE_FUZZ_TARGET is '\(name)', and must be one of: \(known)")
        exit(2)
    }
    return target
}()
