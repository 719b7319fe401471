/// Something that was removed and can still come back.
public struct TrashItem: Sendable, Equatable {
    public let id: String
    public let root: String
    /// Where it was, as scripts write it; nil when its note cannot be read.
    public let path: String?
    public let bytes: Int
    /// Seconds since the epoch.
    public let removedAt: Double
    /// Says whether it is still the same; a plan that was made with it is void otherwise.
    public let stamp: String
}

/// What scripts and gc removed, in all roots. Nothing of it is gone until it is purged.
@Loop
public struct Trash {
    private let boxes: [TrashBox]
    private let clock: any WorldClock

    public init(_ roots: [FileRoot], clock: any WorldClock) {
        boxes = roots.filter(\.isWritable).map { TrashBox(root: $0) }
        self.clock = clock
    }

    /// Moves a file or directory into the trash of its root.
    func remove(_ place: FilePlace) async throws -> TrashItem {
        let place = try place.writable().inside()
        let usage = try await TreeUsage.of(place)
        let id = Hex.encode(Random.bytes(8))
        let note = TrashBox.Note(
            path: place.parts.joined(separator: "/"), bytes: usage.bytes, removedAt: clock.now)
        let box = TrashBox(root: place.root)
        return try await BlockingPool.shared.run("removing \(place.text)") {
            try box.prepare(id, note)
            try box.take(id, place)
            guard let item = try box.find(id) else { throw Fault(.conflict, "\(place.text) left the trash at once") }
            return item
        }
    }

    /// All items, the oldest first.
    public func list() async throws -> [TrashItem] {
        let boxes = boxes
        let items = try await BlockingPool.shared.run("listing the trash") {
            try boxes.flatMap { box in try box.ids().prefix(TrashBox.itemLimit).compactMap { try box.find($0) } }
        }
        return items.sorted { ($0.removedAt, $0.id) < ($1.removedAt, $1.id) }
    }

    /// One item, or nil when it is not there any more.
    public func find(_ id: String) async throws -> TrashItem? {
        let boxes = boxes
        guard TrashBox.isID(id) else { return nil }
        return try await BlockingPool.shared.run("finding \(id)") {
            for box in boxes { if let item = try box.find(id) { return item } }
            return nil
        }
    }

    /// Puts an item back where it was, while its stamp holds and nothing is there again.
    public func restore(_ id: String, stamp: String) async throws {
        let box = try await box(of: id)
        try await BlockingPool.shared.run("restoring \(id)") { try box.restore(id, stamp: stamp) }
    }

    /// Deletes an item for good, while its stamp holds. What is begun is finished by the next `sweep`.
    @discardableResult
    public func purge(_ id: String, stamp: String) async throws -> TrashItem {
        let box = try await box(of: id)
        let item = try await BlockingPool.shared.run("deleting \(id)") { try box.condemn(id, stamp: stamp) }
        try await destroy(id, in: box)
        return item
    }

    /// Deletes what a kill left half done; tells how many there were.
    @discardableResult
    public func sweep() async throws -> Int {
        var count = 0
        let now = clock.now
        for box in boxes {
            let remainders = try await BlockingPool.shared.run("sweeping the trash") { try box.remainders(now: now) }
            for id in remainders { try await destroy(id, in: box) }
            count += remainders.count
        }
        return count
    }

    private func destroy(_ id: String, in box: TrashBox) async throws {
        while try await !BlockingPool.shared.run("deleting \(id)", { try box.destroy(id) }) {
            try Task.checkCancellation()
        }
    }

    private func box(of id: String) async throws -> TrashBox {
        let boxes = boxes
        guard TrashBox.isID(id) else {
            throw Fault(.notFound, "there is no item \"\(id.prefix(40))\" in the trash")
        }
        let found = try await BlockingPool.shared.run("finding \(id)") { try boxes.first { try $0.find(id) != nil } }
        guard let found else { throw Fault(.notFound, "there is no item \(id) in the trash") }
        return found
    }
}

extension Trash {
    /// Moves what `parts` lead to, from a root that this trash knows, into its trash.
    @discardableResult
    public func remove(_ parts: [String], in root: FileRoot) async throws -> TrashItem {
        try await remove(FilePlace("\(root.name):\(parts.joined(separator: "/"))", in: [root]))
    }
}
