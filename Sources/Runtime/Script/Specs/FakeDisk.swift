import LuaBridge

/// The volumes, sizes and snapshots of a spec.
@Loop
final class FakeDisk: WorldDisk {
    private unowned let clock: any WorldClock
    private var all: [DiskVolume] = []
    private var items: [DiskItem] = []
    private var kept: [SnapshotItem] = []
    private var warnings: [(level: String, reason: String)] = []

    init(clock: any WorldClock) { self.clock = clock }

    func begin() { (all, items, kept, warnings) = ([], [], [], []) }

    func volumes() async throws -> [DiskVolume] { all.sorted { $0.share > $1.share } }

    func list(kind: String?, limit: Int) -> [DiskItem] {
        Array(
            items.filter { kind == nil || $0.kind == kind }.sorted { $0.usage.bytes > $1.usage.bytes }.prefix(limit))
    }

    func snapshots() async throws -> [SnapshotItem] { kept }
    func warn(_ level: DiskLevel?, reason: String) { warnings.append((level?.rawValue ?? "none", reason)) }

    private func milliseconds(_ age: Duration?) -> Int64 { Int64((clock.now - (age ?? .zero) / .seconds(1)) * 1000) }
}

// What specs say about the disk.
extension FakeDisk {
    private static let volume = Record(
        "fake.DiskVolume", "A volume.",
        [
            .optional("path", .text(), "A directory on it; `/data`, if left out."),
            .required("total", .size, "Its size."), .required("used", .size, "What is in use."),
        ])

    private static let item = Record(
        "fake.DiskItem", "Something that was measured.",
        [
            .required("kind", .text(), "What it is."), .required("id", .text(), "Which one."),
            .required("bytes", .size, "What it takes."),
        ])

    private static let snapshot = Record(
        "fake.Snapshot", "A snapshot, or a leftover.",
        [
            .required("id", .text(), "Where it is."),
            .optional("rest", .boolean, "It is a leftover. It is none, if left out."),
            .optional("workspace", .text(), "Whose it is; `w1`, if left out."),
            .optional("bytes", .size, "What it takes; 0, if left out."),
            .optional("ago", .duration, "How long ago it was used; just now, if left out."),
            .optional("busy", .boolean, "Whether somebody is at work there. Nobody is, if left out."),
        ])

    /// `fake.disk`.
    var words: HostModule {
        HostModule(
            "disk", "What `host.disk` tells of.",
            [
                HostFunction(
                    "volumes", "Sets the volumes.",
                    [.required("volumes", .list(.record(FakeDisk.volume)), "All of them.")],
                    example: "fake.disk.volumes { { total = \"100GB\", used = \"86GB\" } }"
                ) { [unowned self] call in
                    all = call["volumes"].elements.map(HostOptions.init).map { said in
                        let (total, used) = (Int64(said.size("total") ?? 0), Int64(said.size("used") ?? 0))
                        return DiskVolume(
                            path: said.text("path") ?? "/data", total: total, free: max(0, total - used), used: used)
                    }
                    return .nil
                },
                HostFunction(
                    "set", "Sets what was measured.",
                    [.required("items", .list(.record(FakeDisk.item)), "All of it.")],
                    example: "fake.disk.set { { kind = \"workspace\", id = \"w1\", bytes = \"1GB\" } }"
                ) { [unowned self] call in
                    items = call["items"].elements.map(HostOptions.init).map { said in
                        DiskItem(
                            kind: said.text("kind")!, id: said.text("id")!, path: "/data/\(said.text("id")!)",
                            usage: DirectoryUsage(bytes: Int64(said.size("bytes") ?? 0), files: 1),
                            measuredAt: milliseconds(nil))
                    }
                    return .nil
                },
                HostFunction(
                    "snapshots", "Sets the snapshots and leftovers.",
                    [.required("snapshots", .list(.record(FakeDisk.snapshot)), "All of them.")],
                    example: "fake.disk.snapshots { { id = \"a\", bytes = \"2GB\", ago = \"40d\" } }"
                ) { [unowned self] call in
                    kept = call["snapshots"].elements.map(HostOptions.init).map { said in
                        SnapshotItem(
                            kind: said.bool("rest") == true ? .rest : .snapshot, id: said.text("id")!,
                            workspace: said.text("workspace") ?? "w1", bytes: Int64(said.size("bytes") ?? 0),
                            lastUsed: milliseconds(said.duration("ago")), isBusy: said.bool("busy") ?? false)
                    }
                    return .nil
                },
                HostFunction(
                    "warnings", "What scripts warned of, in order, as \"level: reason\".",
                    results: [.required("warnings", .list(.text()), "The warnings.")]
                ) { [unowned self] _ in .array(warnings.map { .string("\($0.level): \($0.reason)") }) },
            ])
    }
}
