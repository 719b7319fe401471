/// Notices that scripts changed. inotify tells at once; where it does not reach (network and shared file systems,
/// targets of symbolic links elsewhere), a look at the files' times every two seconds does.
@Loop
final class ScriptWatch {
    private let sources: ScriptSources
    private let changed: () -> Void
    private var watch: FileWatch?
    private var watched: Set<String> = []
    private var settling: Timer?
    private var looking: Timer?
    private var firstChange: Instant?
    private var signature: [FileSignature] = []
    private var isClosed = false

    /// Changes are gathered until none has come for this long, because editors and copies make several.
    private static let gathering = Duration.milliseconds(50)
    /// … but no longer than this after the first.
    private static let patience = Duration.milliseconds(500)
    private static let interval = Duration.seconds(2)

    init(_ sources: ScriptSources, changed: @escaping () -> Void) throws {
        self.sources = sources
        self.changed = changed
        settling = Timer { [unowned self] in settled() }
        looking = Timer { [unowned self] in look() }
        watch = try FileWatch { [unowned self] _ in note() }
        signature = sources.signature()
        addDirectories(ScriptWatch.directories(sources))
        looking?.schedule(after: ScriptWatch.interval)
    }

    func close() {
        isClosed = true
        settling?.cancel()
        looking?.cancel()
        watch?.close()
        watch = nil
    }

    /// Takes up directories that have appeared. What changed in them before that is found by the next slow look.
    func refresh() async {
        let sources = sources
        // Without them the slow look still finds every change.
        let looked = try? await BlockingPool.shared.run("looking at scripts") { ScriptWatch.directories(sources) }
        if let looked, !isClosed { addDirectories(looked) }
    }

    private func addDirectories(_ directories: Set<String>) {
        for gone in watched.subtracting(directories) { watch?.remove(gone) }
        watched.formIntersection(directories)
        for directory in directories {
            do {
                // Again for those known: a directory that was replaced has another inode.
                try watch?.add(directory)
                watched.insert(directory)
            } catch {
                // It vanished meanwhile, or there are too many watches: the slow look is there for that.
                watched.remove(directory)
            }
        }
    }

    private func note() {
        let now = Loop.now
        let first = firstChange ?? now
        firstChange = first
        let latest = first + ScriptWatch.patience
        settling?.schedule(after: min(ScriptWatch.gathering, max(.zero, latest - now)))
    }

    private func settled() {
        firstChange = nil
        changed()
    }

    private func look() {
        let sources = sources
        let isTaken = BlockingPool.shared.submit { [weak self] in
            let found = sources.signature()
            Loop.post { self?.looked(found) }
        }
        if !isTaken { looking?.schedule(after: ScriptWatch.interval) }
    }

    private func looked(_ found: [FileSignature]) {
        guard !isClosed else { return }
        if found != signature {
            signature = found
            note()
        }
        looking?.schedule(after: ScriptWatch.interval)
    }

    /// Those that exist, and the parents in which missing or replaced ones would appear.
    private nonisolated static func directories(_ sources: ScriptSources) -> Set<String> {
        var all: Set<String> = []
        for root in [sources.shipped, sources.overlay].compactMap({ $0 }) {
            all.insert(root)
            if let slash = root.lastIndex(of: "/"), slash != root.startIndex { all.insert(String(root[..<slash])) }
        }
        for place in sources.places { all.insert(place.path) }
        return all.filter { FileStat.of($0)?.isDirectory == true }
    }
}
