import Runtime

/// How full it is, and what holds how much.
@Loop
struct DiskDoor: Door {
    let name = "disk"
    private let gate: Gate
    private let book: DiskBook

    private nonisolated static let pageSize = 200

    init(_ gate: Gate, _ book: DiskBook) {
        self.gate = gate
        self.book = book
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/disk",
                summary: "The volumes, and what was measured, the largest first.",
                answers: [200: "sizes, each with its age"],
                parameters: [
                    .query("kind", .text, "Only this kind, such as `workspace`."),
                    .query("limit", .integer(1...1000), "How many of them; 200 unless told."),
                    .query(
                        "after", .integer(0...1_000_000_000), "Goes on behind so many: `next` of the answer before."),
                ], schema: .ref("Disk"), action: .task(get)),
            Endpoint(
                method: .post, path: "/mgmt/disk/measure", summary: "Measures what has changed, soon.",
                answers: [202: "it is about to begin"], schema: .ref("Begun"), action: .plain(measure)),
        ]
    }

    private func measure(_ request: Request) throws -> Response {
        try gate.require(.manage, request)
        book.hurry()
        return .json(#"{"measuring":true}"#, status: 202)
    }

    private func get(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let page = try Paging(request.query, usual: DiskDoor.pageSize)
        let skipped = try page.number
        let volumes = try await book.volumes()
        let view = try await book.view()
        let all = request.query["kind"].map { view.byKind[$0] ?? [] } ?? view.largest
        let shown = all.dropFirst(skipped).prefix(page.limit)
        var answer = JSONWriter()
        try answer.object { root in
            try put(volumes, view, &root)
            putKinds(view, &root)
            root.array("items") { list in for entry in shown { list.object { put(entry, &$0) } } }
            root.putNext(skipped + shown.count < all.count ? String(skipped + shown.count) : nil)
            root.member("measuring", book.isMeasuring)
            if let ended = book.roundEndedAt { root.member("measured_at", JobTime.text(ended)) }
            if let warning = book.warning {
                root.object("warning") {
                    $0.member("level", warning.level.rawValue)
                    $0.member("reason", warning.reason)
                    $0.member("since", JobTime.text(warning.since))
                }
            } else {
                root.member(null: "warning")
            }
        }
        return .json(answer.finish())
    }

    private func put(_ volumes: [DiskVolume], _ view: DiskView, _ root: inout JSONWriter) throws {
        let bytes = view.projectBytes
        root.member("projects_size", Units.describe(bytes: Int(bytes)))
        root.member("projects_bytes", Int(bytes))
        if let fullest = volumes.first {
            root.member("volume_total", Units.describe(bytes: Int(fullest.total)))
            root.member("volume_used", Units.describe(bytes: Int(fullest.used)))
            root.member("volume_free", Units.describe(bytes: Int(fullest.free)))
        }
        try root.array("volumes") { list in
            for volume in volumes {
                try list.object {
                    $0.member("path", volume.path)
                    $0.member("total", Int(volume.total))
                    $0.member("used", Int(volume.used))
                    $0.member("free", Int(volume.free))
                    try $0.member("share", volume.share)
                    $0.member("inodes", Int(volume.inodes))
                    $0.member("inodes_free", Int(volume.inodesFree))
                }
            }
        }
    }

    private func putKinds(_ view: DiskView, _ root: inout JSONWriter) {
        root.array("kinds") { list in
            for source in book.sources {
                let sum = view.sums[source.kind] ?? DiskView.Sum()
                list.object {
                    $0.member("kind", source.kind)
                    $0.member("count", sum.count)
                    $0.member("bytes", Int(sum.bytes))
                    $0.member("files", Int(sum.files))
                    if let within = source.within { $0.member("within", within) }
                }
            }
        }
    }

    private func put(_ entry: DiskBook.Entry, _ item: inout JSONWriter) {
        item.member("kind", entry.kind)
        item.member("id", entry.place.id)
        item.member("path", entry.place.path)
        if let owner = entry.place.owner { item.member("owner", owner) }
        item.member("bytes", Int(entry.size.usage.bytes))
        item.member("size", Units.describe(bytes: Int(entry.size.usage.bytes)))
        item.member("files", Int(entry.size.usage.files))
        item.member("changed_at", JobTime.text(entry.size.usage.changedAt))
        item.member("measured_at", JobTime.text(entry.size.measuredAt))
        item.member("age_s", Int(max(0, Access.now() - entry.size.measuredAt) / 1000))
    }
}
