/// When the WAL is copied into the database, so that it stays small and no commit waits for it longer than it must.
///
/// Each 1000 frames are copied beside the writer, which goes on meanwhile; once all is copied the WAL begins anew by
/// itself. At 16 MB the writer does the rest, and waits a moment for readers, because readers that overlap without a gap,
/// or writes without a pause, would else keep the WAL growing for ever. What an old snapshot still needs is not tried
/// again until the WAL has grown by as much once more.
struct CheckpointPolicy: Equatable {
    enum Step: Equatable { case nothing, passive, restart }

    static let copiedFrames = 1000
    static let mostFrames = 4000

    /// Frames that the last attempt to begin the WAL anew had to leave.
    private(set) var floor = 0
    /// Frames at the last copy.
    private var copied = 0

    mutating func next(frames: Int) -> Step {
        if frames < max(floor, copied) { (floor, copied) = (0, 0) }
        if frames >= floor + CheckpointPolicy.mostFrames { return .restart }
        return frames >= max(floor, copied) + CheckpointPolicy.copiedFrames ? .passive : .nothing
    }

    mutating func did(_ step: Step, frames: Int, succeeded: Bool = true) {
        switch step {
        case .nothing: break
        case .passive: copied = frames
        case .restart: (floor, copied) = succeeded ? (0, 0) : (frames, frames)
        }
    }
}
