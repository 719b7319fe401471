/// When the WAL is copied into the database, so that it stays small and nobody waits for it in vain.
///
/// An idle writer does it early and gently. A busy one does it at 16 MB, and then waits a moment for readers, because
/// readers that overlap without a gap would else keep the WAL growing for ever. What an old snapshot still needs is
/// not tried again until the WAL has grown by as much once more.
struct CheckpointPolicy: Equatable {
    enum Step: Equatable { case nothing, passive, restart }

    static let idleFrames = 1000
    static let busyFrames = 4000

    /// Frames that the last attempt had to leave, or had copied without being able to begin the WAL anew.
    private(set) var floor = 0

    mutating func next(frames: Int, isIdle: Bool) -> Step {
        if frames < floor { floor = 0 }
        if frames >= floor + CheckpointPolicy.busyFrames { return .restart }
        if isIdle && frames >= floor + CheckpointPolicy.idleFrames { return .passive }
        return .nothing
    }

    mutating func did(_ step: Step, frames: Int, succeeded: Bool) {
        floor = step == .restart && succeeded ? 0 : frames
    }
}
