/// The children that somebody here waits for. Everything else that ends below us was adopted, and the reaper's.
enum OwnChildren {
    private struct State {
        var pids: Set<Int32> = []
        /// Between the start of a child and the moment when its number is known.
        var starts = 0
    }

    private static let state = Locked(State())

    static func beginStart() { state.withLock { $0.starts += 1 } }
    static func endStart() { state.withLock { $0.starts -= 1 } }
    static func add(_ pid: Int32) { state.withLock { _ = $0.pids.insert(pid) } }
    static func remove(_ pid: Int32) { state.withLock { _ = $0.pids.remove(pid) } }

    /// Whether nobody here waits for it; false also when that is not certain yet.
    static func isAdopted(_ pid: Int32) -> Bool { state.withLock { $0.starts == 0 && !$0.pids.contains(pid) } }
}
