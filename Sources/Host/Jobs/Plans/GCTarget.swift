import Runtime

/// A kind of thing that plans may remove, and how to make sure that it still may be.
@Loop
protocol GCTarget: AnyObject {
    var kind: String { get }
    /// Looks at the item as it is now. Throws when that cannot be told; then it stays.
    func check(_ item: PlanEntry) async throws -> GCVerdict
    /// Removes it and returns the bytes that this has freed.
    func remove(_ item: PlanEntry) async throws -> Int64
}

enum GCVerdict: Sendable, Equatable {
    case removable
    /// Why it must stay after all.
    case stays(String)
    /// There is nothing of that id any more.
    case gone
}

/// All kinds that can be removed.
@Loop
final class GCTargets {
    private var known: [String: any GCTarget] = [:]

    init(_ targets: [any GCTarget] = []) { for target in targets { add(target) } }

    func add(_ target: any GCTarget) {
        precondition(known[target.kind] == nil, "two gc targets are called \(target.kind)")
        known[target.kind] = target
    }

    subscript(kind: String) -> (any GCTarget)? { known[kind] }
    var kinds: [String] { known.keys.sorted() }
}
