import Glibc
import Runtime

/// What everything holds, measured aside and kept, so that whoever asks gets an answer at once, and its age.
///
/// One round at a time walks what is due, one place after the other, in slices on the pool.
@Loop
final class DiskBook {
    struct Entry: Sendable, Equatable {
        let kind: String
        let place: DiskPlace
        var size: DiskSize
    }

    struct Key: Hashable, Sendable {
        let kind: String
        let id: String
    }

    /// How many changes of sizes are written in one transaction.
    private static let groupSize = 200

    private let store: Store
    private let log: Log
    private let now: @Loop () -> Int64
    private let age: DiskAge
    private(set) var sources: [DiskSource] = []
    private(set) var entries: [Key: Entry] = [:]
    private var stored: [Key: DiskSize] = [:]
    private var touched: Set<Key> = []
    /// As long as nothing has changed since it was made.
    private var known: DiskView?
    private var version = 0
    /// The paths whose volumes count.
    private let volumePaths: [String]
    private(set) var warning: DiskWarning?
    private(set) var roundEndedAt: Int64?
    private(set) var isMeasuring = false
    private var wake: Waiter<Void>?
    /// Called when people are warned, or not any more.
    var onWarning: ((DiskWarning?) -> Void)?

    static func open(
        _ store: Store, volumes: [String], age: DiskAge, log: Log, now: @escaping @Loop () -> Int64
    ) async throws -> DiskBook {
        let book = DiskBook(store, volumes, age, log, now)
        for row in try await store.read({ try $0.all(DiskQueries.all) }) {
            book.stored[Key(kind: row.kind, id: row.id)] = row.size
        }
        return book
    }

    private init(
        _ store: Store, _ volumes: [String], _ age: DiskAge, _ log: Log, _ now: @escaping @Loop () -> Int64
    ) {
        self.store = store
        volumePaths = volumes
        self.age = age
        self.log = log
        self.now = now
    }

    /// A room says what it has. Later registrations of a kind are a mistake.
    func register(_ source: DiskSource) {
        precondition(!sources.contains { $0.kind == source.kind }, "two rooms measure \(source.kind)")
        sources.append(source)
    }

    // MARK: measuring

    /// Rounds from now on, until it is cancelled.
    func keepMeasuring() async throws {
        while true {
            do {
                try await round()
            } catch let fault as Fault where fault.kind != .cancelled {
                log.warning("sizes were not measured: \(fault.message)")
            }
            try await rest()
        }
    }

    /// A run was at work there: its size is not what it was.
    func touch(_ kind: String, _ id: String) { touched.insert(Key(kind: kind, id: id)) }

    /// Measures soon instead of after the pause.
    func hurry() { wake?.finish(.success(())) }

    private func rest() async throws {
        let waiter = Waiter<Void>("the next look at the disk")
        wake = waiter
        defer { wake = nil }
        let timer = Timer { waiter.finish(.success(())) }
        timer.schedule(after: .milliseconds(age.pause))
        defer { timer.cancel() }
        try await waiter.value()
    }

    /// Looks at all places once, and measures those that are due.
    func round() async throws {
        guard !isMeasuring else { return }
        isMeasuring = true
        defer { isMeasuring = false }
        for source in sources {
            do {
                try await measure(source)
            } catch let fault as Fault where fault.kind != .cancelled {
                // One room's trouble is no reason to know nothing of the others.
                log.warning("not measured: \(fault.message)", ["kind": LogValue(source.kind)])
            }
        }
        roundEndedAt = now()
    }

    private func measure(_ source: DiskSource) async throws {
        let places = try await source.list()
        forget(source.kind, except: Set(places.map(\.id)))
        var unsaved: [Entry] = []
        for start in stride(from: 0, to: places.count, by: DiskBook.groupSize) {
            let group = Array(places[start..<min(start + DiskBook.groupSize, places.count)])
            let stamps = try await BlockingPool.shared.run("the times of \(source.kind)") {
                group.map { DiskBook.stamp($0.path) }
            }
            for (place, stamp) in zip(group, stamps) {
                guard let stamp else { continue }
                if let entry = try await look(source.kind, place, stamp) { unsaved.append(entry) }
            }
            try await save(unsaved)
            unsaved = []
        }
    }

    /// The new entry if it was measured now.
    private func look(_ kind: String, _ place: DiskPlace, _ stamp: Int64) async throws -> Entry? {
        let key = Key(kind: kind, id: place.id)
        let known = entries[key]?.size ?? stored[key]
        guard age.isDue(known, stamp: stamp, isTouched: touched.contains(key), now: now()) else {
            enter(Entry(kind: kind, place: place, size: known!))
            return nil
        }
        touched.remove(key)
        let usage: DirectoryUsage
        do {
            usage = try await DirectoryUsage(counting: place.path)
        } catch let fault as Fault where fault.kind == .notFound {
            return nil
        }
        let entry = Entry(
            kind: kind, place: place, size: DiskSize(usage: usage, measuredAt: now(), stamp: stamp))
        enter(entry)
        return entry
    }

    private func enter(_ entry: Entry) {
        let key = Key(kind: entry.kind, id: entry.place.id)
        guard entries[key] != entry else { return }
        entries[key] = entry
        stored[key] = nil
        noteChange()
    }

    private func forget(_ kind: String, except ids: Set<String>) {
        let gone = Set(
            entries.keys.filter { $0.kind == kind && !ids.contains($0.id) }
                + stored.keys.filter { $0.kind == kind && !ids.contains($0.id) })
        guard !gone.isEmpty else { return }
        for key in gone { (entries[key], stored[key]) = (nil, nil) }
        noteChange()
        do {
            try store.writeLater(bytes: 64 * gone.count) { transaction in
                for key in gone { try transaction.run(DiskQueries.drop, key.kind, key.id) }
            }
        } catch {
            // What is not there is left out at the next start as well.
            log.debug("sizes of what is gone are still stored: \(Fault(error).message)")
        }
    }

    private func noteChange() {
        known = nil
        version += 1
    }

    private func save(_ entries: [Entry]) async throws {
        guard !entries.isEmpty else { return }
        try await store.write { transaction in
            for entry in entries {
                let usage = entry.size.usage
                try transaction.run(
                    DiskQueries.put, entry.kind, entry.place.id, usage.bytes, usage.files, usage.changedAt,
                    entry.size.measuredAt, entry.size.stamp)
            }
        }
    }

    private nonisolated static func stamp(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) &* 1000 &+ Int64(status.st_mtim.tv_nsec) / 1_000_000
    }

    // MARK: asking

    func view() async throws -> DiskView {
        if let known { return known }
        let all = Array(entries.values)
        let projects = Set(sources.filter(\.isProject).map(\.kind))
        let inner = Set(sources.filter { $0.within.map(projects.contains) ?? false }.map(\.kind))
        let version = version
        let view = try await BlockingPool.shared.run("the sizes in their order") {
            DiskView(all, projects: projects, inner: inner)
        }
        // Else somebody else makes a newer one.
        if version == self.version { known = view }
        return view
    }

    /// Those of one kind, the largest first.
    func largest(_ kind: String?, limit: Int) -> [Entry] {
        if let known { return Array((kind.map { known.byKind[$0] ?? [] } ?? known.largest).prefix(limit)) }
        return Array(
            entries.values.filter { kind == nil || $0.kind == kind }.sorted(by: DiskView.isLarger).prefix(limit))
    }

    func size(_ kind: String, _ id: String) -> DiskSize? { entries[Key(kind: kind, id: id)]?.size }

    /// The volumes, the fullest first; each once.
    func volumes() async throws -> [DiskVolume] {
        let paths = volumePaths
        return try await BlockingPool.shared.run("the volumes") {
            var found: [DiskVolume] = []
            for path in paths {
                do {
                    let volume = try DiskVolume.at(path)
                    if !found.contains(where: { $0.device == volume.device }) { found.append(volume) }
                } catch let fault as Fault where fault.kind == .notFound {
                    // It is made when it is needed first.
                }
            }
            return found.sorted { $0.share > $1.share }
        }
    }

    func warn(_ warning: DiskWarning?) {
        guard warning?.level != self.warning?.level else {
            self.warning = warning
            return
        }
        self.warning = warning
        if let warning {
            log.warning(
                "the disk is filling up", ["level": LogValue(warning.level.rawValue), "why": LogValue(warning.reason)])
        } else {
            log.info("the disk has room again")
        }
        onWarning?(warning)
    }
}

/// What people are told about how full it is.
struct DiskWarning: Sendable, Equatable {
    let level: DiskLevel
    let reason: String
    /// Milliseconds since the epoch.
    let since: Int64
}
