import LuaBridge

extension HostModule {
    /// `host.disk`.
    public static func disk(_ disk: any WorldDisk) -> HostModule {
        HostModule(
            "disk", "How full the volumes are, what holds how much, and what agents keep to undo their changes.",
            [volumes(disk), list(disk), snapshots(disk), warn(disk)])
    }

    private static func volumes(_ disk: any WorldDisk) -> HostFunction {
        let volume = Record(
            "host.DiskVolume", "A volume that Perigee keeps things on, as it stands now.",
            [
                .required("path", .text(), "A directory on it."),
                .required("total", .integer(), "Its size in bytes."),
                .required("used", .integer(), "Bytes in use."),
                .required("free", .integer(), "Bytes that Perigee may still write."),
                .required("share", .number(), "How full it is, from 0 to 1, of bytes or inodes, whichever is fuller."),
                .required("inodes", .integer(), "How many files it can hold; 0 where there is no such bound."),
                .required("inodes_free", .integer(), "How many more it can hold."),
            ])
        return HostFunction(
            waiting: "volumes", "Lists the volumes, the fullest first.",
            results: [.required("volumes", .list(.record(volume)), "The volumes.")],
            example: "local fullest = assert(disk.volumes())[1]"
        ) { _ in
            .array(
                try await disk.volumes().map { volume in
                    [
                        "path": .string(volume.path), "total": .integer(volume.total), "used": .integer(volume.used),
                        "free": .integer(volume.free), "share": .number(volume.share),
                        "inodes": .integer(volume.inodes), "inodes_free": .integer(volume.inodesFree),
                    ]
                })
        }
    }

    private static func list(_ disk: any WorldDisk) -> HostFunction {
        let item = Record(
            "host.DiskItem", "Something that was measured.",
            [
                .required("kind", .text(), "What it is, such as \"workspace\"."),
                .required("id", .text(), "Which one of its kind."), .required("path", .text(), "Where it is."),
                .optional("owner", .text(), "Whose it is."), .required("bytes", .integer(), "What it takes."),
                .required("files", .integer(), "How many files it has."),
                .required("changed", Contract.moment, "When something in it changed last."),
                .required("measured", Contract.moment, "How old these figures are."),
            ])
        return HostFunction(
            "list", "Lists what was measured, the largest first.",
            [
                .optional("kind", .text(max: 64), "Only this kind."),
                .optional("limit", .integer(1...10_000), "How many at most; 1000 when left out."),
            ], results: [.required("items", .list(.record(item)), "The items.")],
            example: "for _, item in ipairs(disk.list(\"workspace\", 10)) do log.info(item.id) end"
        ) { call in
            .array(
                disk.list(kind: call["kind"].string, limit: Int(call["limit"].integer ?? 1000)).map { item in
                    var fields: [LuaKey: LuaValue] = [
                        "kind": .string(item.kind), "id": .string(item.id), "path": .string(item.path),
                        "bytes": .integer(item.usage.bytes), "files": .integer(item.usage.files),
                        "changed": .number(Double(item.usage.changedAt) / 1000),
                        "measured": .number(Double(item.measuredAt) / 1000),
                    ]
                    fields["owner"] = item.owner.map { .string($0) }
                    return .table(fields)
                })
        }
    }

    private static func snapshots(_ disk: any WorldDisk) -> HostFunction {
        let snapshot = Record(
            "host.Snapshot", "What an agent keeps to undo its changes, or a leftover of it; an item for gc plans.",
            [
                .required("kind", .choice(SnapshotItem.Kind.allCases.map(\.rawValue)), "A snapshot, or a leftover."),
                .required("id", .text(), "Where it is."), .required("label", .text(), "Its name for people."),
                .required("workspace", .text(), "The workspace whose agent has it."),
                .required("bytes", .integer(), "What it takes, as far as it was measured."),
                .required("last_used", Contract.moment, "When something in it changed last."),
                .required("busy", .boolean, "Whether somebody is at work there now."),
                .required("stamp", .text(), "Changes when it is used."),
            ])
        return HostFunction(
            waiting: "snapshots", "Lists snapshot directories of agents, and leftovers such as unfinished packs.",
            results: [.required("snapshots", .list(.record(snapshot)), "All of them.")],
            example: "for _, item in ipairs(assert(disk.snapshots())) do log.info(item.label) end"
        ) { _ in
            .array(
                try await disk.snapshots().map { item in
                    [
                        "kind": .string(item.kind.rawValue), "id": .string(item.id),
                        "label": .string(item.label), "workspace": .string(item.workspace),
                        "bytes": .integer(item.bytes), "last_used": .number(Double(item.lastUsed) / 1000),
                        "busy": .bool(item.isBusy), "stamp": .string(String(item.lastUsed)),
                    ]
                })
        }
    }

    private static func warn(_ disk: any WorldDisk) -> HostFunction {
        HostFunction(
            "warn", "Tells people on `/mgmt/disk`, in the feed of events and in the log how full it is.",
            [
                .required("level", .choice(["none"] + DiskLevel.allCases.map(\.rawValue)), "`none` takes it back."),
                .required("reason", .text(max: 500), "Why, for people."),
            ], results: [.required("done", .boolean, "True.")],
            example: #"disk.warn("soft", "86 % of /data are used")"#
        ) { call in
            disk.warn(DiskLevel(rawValue: call.text("level")), reason: call.text("reason"))
            return true
        }
    }
}

extension SnapshotItem {
    /// For people.
    public var label: String {
        switch kind {
        case .snapshot: "a snapshot of \(workspace)"
        case .rest: "a leftover of a snapshot of \(workspace)"
        }
    }
}
