import Runtime

/// `host.disk`: what was measured, and the snapshots with who is at work there.
@Loop
final class ScriptDisk: WorldDisk {
    private let book: DiskBook
    private let places: SnapshotPlaces
    private let isBusy: (_ workspace: String) -> Bool
    private let now: @Loop () -> Int64

    init(
        _ book: DiskBook, _ places: SnapshotPlaces, isBusy: @escaping (_ workspace: String) -> Bool,
        now: @escaping @Loop () -> Int64
    ) {
        self.book = book
        self.places = places
        self.isBusy = isBusy
        self.now = now
    }

    func volumes() async throws -> [DiskVolume] { try await book.volumes() }

    func list(kind: String?, limit: Int) -> [DiskItem] {
        book.largest(kind, limit: limit).map { entry in
            DiskItem(
                kind: entry.kind, id: entry.place.id, path: entry.place.path, owner: entry.place.owner,
                usage: entry.size.usage, measuredAt: entry.size.measuredAt)
        }
    }

    func snapshots() async throws -> [SnapshotItem] {
        let (places, moment) = (places, now())
        let found = try await BlockingPool.shared.run("the snapshots") { places.list(now: moment) }
        return found.map { item in
            SnapshotItem(
                kind: item.kind, id: item.id, workspace: item.workspace,
                bytes: item.kind == .snapshot ? book.size("snapshot", item.id)?.usage.bytes ?? 0 : item.bytes,
                lastUsed: item.changedAt, isBusy: isBusy(item.workspace))
        }
    }

    func warn(_ level: DiskLevel?, reason: String) {
        book.warn(level.map { DiskWarning(level: $0, reason: reason, since: now()) })
    }
}
