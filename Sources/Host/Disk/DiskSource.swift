import Runtime

/// A kind of thing that is measured, as the room that has it registers it.
struct DiskSource {
    let kind: String
    /// Whether it counts as what users work on, beside what Perigee needs for itself.
    var isProject = false
    /// The kind that its bytes are counted in already.
    var within: String?
    /// All places of it now.
    let list: @Loop () async throws -> [DiskPlace]
}

/// One thing that is measured.
struct DiskPlace: Sendable, Hashable {
    let id: String
    let path: String
    /// Whose it is, where it is somebody's.
    var owner: String?
}

/// What was measured of a place, and when. Times are milliseconds since the epoch.
struct DiskSize: Sendable, Equatable {
    var usage: DirectoryUsage
    var measuredAt: Int64
    /// The place's own time of change when it was measured.
    var stamp: Int64
}

/// When a place is measured again. No clock and no disk in it.
struct DiskAge: Sendable, Equatable {
    /// A size is never older.
    var period: Int64
    /// Nor is a place that changes all the time measured all the time.
    var pause: Int64

    func isDue(_ size: DiskSize?, stamp: Int64, isTouched: Bool, now: Int64) -> Bool {
        guard let size else { return true }
        let age = now - size.measuredAt
        // A clock that was set back makes no size younger.
        if age < 0 || age >= period { return true }
        return (isTouched || stamp != size.stamp) && age >= pause
    }
}
