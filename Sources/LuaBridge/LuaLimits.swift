internal import CLua

/// What scripts may use before they are stopped. Times are the thread's computing time, so that a busy machine ends no
/// script that behaves.
public struct LuaLimits: Sendable {
    /// Bytes that one state may hold.
    public var memory = 32 << 20
    /// Bytes of one string. What touches every byte of it cannot be interrupted, so this bounds the longest pause.
    public var largestText = 2 << 20
    /// Bytes of what one call gives back, or gives to a host function.
    public var resultSize = 4 << 20
    /// Bytes of one text that a script gives to `load`.
    public var sourceSize = 256 << 10
    /// After this much a call that may wait lets others run.
    public var slice = Duration.milliseconds(2)
    /// After this much a call that cannot let others run just now fails.
    public var patience = Duration.milliseconds(5)
    /// What one call may use in all.
    public var runningTime = Duration.seconds(2)

    public init() {}

    var plain: clua_limits {
        clua_limits(
            memory: memory, largest_text: largestText, result_size: resultSize, source_size: sourceSize,
            slice: slice.nanoseconds, patience: patience.nanoseconds, running_time: runningTime.nanoseconds)
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
