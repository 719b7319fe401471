import LuaBridge

extension HostModule {
    /// Files below the declared roots.
    public static func fs(_ world: World) -> HostModule {
        let roots = world.roots
        let trash = Trash(roots + world.trashRoots, clock: world.clock)
        return HostModule(
            "fs",
            "Files below the declared roots, by paths such as `workspaces:abc/notes.txt`. No path leads out of its "
                + "root, and no symbolic link is followed.",
            looking(roots) + changing(roots) + [remove(roots, trash), list(trash)])
    }

    private static let path = Field.required(
        "path", .text(max: 4096), "Root and path, as in \"workspaces:abc/notes.txt\".")

    /// A body on a thread of the pool.
    private static func blocking<Value: Sendable>(
        _ call: HostCall, _ roots: [FileRoot], _ verb: String, _ work: @escaping @Sendable (FilePlace) throws -> Value
    ) async throws -> Value {
        let place = try FilePlace(call.text("path"), in: roots)
        return try await BlockingPool.shared.run("\(verb) \(place.text)") { try work(place) }
    }

    // MARK: looking

    private static let status = Record(
        "host.fs.Status", "What something is.",
        [
            .required("kind", .choice(["file", "directory", "link", "other"]), "What it is."),
            .required("size", .integer(), "Bytes; 0 for a directory."),
            .required("modified", .number(), "When its content changed, in seconds since the epoch."),
        ])

    private static let entry = Record(
        "host.fs.Entry", "Something in a directory.", [.required("name", .text(), "Its name there.")] + status.fields)

    private static let readOptions = Record(
        "host.fs.ReadOptions", "How much is read.",
        [.optional("max", .size, "A larger file is an error; \"1MB\" unless given, at most \"2MB\".")])

    private static let listOptions = Record(
        "host.fs.ListOptions", "How much is listed.",
        [.optional("limit", .integer(1...10_000), "More entries are an error; 1000 unless given.")])

    private static func looking(_ roots: [FileRoot]) -> [HostFunction] {
        [
            HostFunction(
                waiting: "read", "The content of a file.",
                [path, .optional("options", .record(readOptions), "How much is read.")],
                results: [.required("content", .text(), "Its bytes.")],
                example: "local text, err = fs.read(\"workspaces:abc/notes.txt\", { max = \"64KB\" })"
            ) { call in
                let limit = min(call.options("options").size("max") ?? 1 << 20, 2 << 20)
                return .bytes(
                    try await blocking(call, roots, "reading") { try FileWork($0.inside()).read(limit: limit) })
            },
            HostFunction(
                waiting: "list", "What is in a directory, by name.",
                [path, .optional("options", .record(listOptions), "How much is listed.")],
                results: [.required("entries", .list(.record(entry)), "Its entries.")]
            ) { call in
                let limit = Int(call.options("options").integer("limit") ?? 1000)
                let entries = try await blocking(call, roots, "listing") { try FileWork($0).entries(limit: limit) }
                return .array(entries.map { .status($0.status, name: $0.name) })
            },
            HostFunction(
                waiting: "stat", "What something is, how large and how old.", [path],
                results: [.required("status", .record(status), "Kind, size and time.")]
            ) { call in .status(try await blocking(call, roots, "looking at") { try FileWork($0).status() }) },
            HostFunction(
                waiting: "exists", "Whether something is there.", [path],
                results: [.required("exists", .boolean, "True for a link too, wherever it leads.")]
            ) { call in
                do {
                    _ = try await blocking(call, roots, "looking at") { place in
                        do { return try FileWork(place).status().size } catch let fault as Fault
                            where fault.kind == .notFound
                        {
                            throw Absent()
                        }
                    }
                    return true
                } catch is Absent {
                    return false
                }
            },
            usage(roots),
        ]
    }

    /// Told apart from a root that is not there.
    private struct Absent: Error {}

    private static let usageRecord = Record(
        "host.fs.Usage", "How much a tree holds.",
        [
            .required("bytes", .integer(), "Of all contents; a file with several names counts once."),
            .required("files", .integer(), "Everything that is no directory."),
            .required("directories", .integer(), "The one that was asked about included."),
        ])

    private static func usage(_ roots: [FileRoot]) -> HostFunction {
        HostFunction(
            waiting: "usage", "How much a file, or a directory with all that is in it, holds.", [path],
            results: [.required("usage", .record(usageRecord), "Bytes and counts.")],
            example: "local used = assert(fs.usage(\"workspaces:\")).bytes"
        ) { call in
            let usage = try await TreeUsage.of(FilePlace(call.text("path"), in: roots))
            return [
                "bytes": .integer(Int64(usage.bytes)), "files": .integer(Int64(usage.files)),
                "directories": .integer(Int64(usage.directories)),
            ]
        }
    }

    // MARK: changing

    private static func changing(_ roots: [FileRoot]) -> [HostFunction] {
        let content = Field.required("content", .text(), "Its bytes.")
        let done = Field.required("done", .boolean, "True.")
        return [
            HostFunction(
                waiting: "write",
                "Writes a file whole: whatever happens, it has its old content or all of the new one.",
                [path, content], results: [done],
                example: "assert(fs.write(\"state:report.json\", json.encode(report)))"
            ) { call in
                let bytes = call.bytes("content")
                try await blocking(call, roots, "writing") { try FileWork($0.writable().inside()).write(bytes) }
                return true
            },
            HostFunction(
                waiting: "append", "Adds to the end of a file, which is made when it is missing.", [path, content],
                results: [done]
            ) { call in
                let bytes = call.bytes("content")
                try await blocking(call, roots, "appending to") { try FileWork($0.writable().inside()).append(bytes) }
                return true
            },
            HostFunction(
                waiting: "mkdir", "Makes a directory, and those above it that are missing.", [path], results: [done]
            ) { call in
                try await blocking(call, roots, "making") { try FileWork($0.writable().inside()).makeDirectories() }
                return true
            },
        ]
    }

    // MARK: trash

    private static let item = Record(
        "host.fs.TrashItem", "Something in the trash, as a gc job's plan takes it.",
        [
            .required("kind", .choice(["trash"]), "What the plan shall remove."),
            .required("id", .text(), "Its name in the trash."),
            .required("root", .text(), "Whose trash it is in."),
            .optional("path", .text(), "Where it was; nil when nobody knows any more."),
            .required("bytes", .integer(), "How much it held."),
            .required("removed_at", .number(), "When it was removed."),
            .required("stamp", .text(), "Changes when it does."),
        ])

    private static func remove(_ roots: [FileRoot], _ trash: Trash) -> HostFunction {
        HostFunction(
            waiting: "remove", "Moves a file or directory into the trash of its root. Nothing is deleted.", [path],
            results: [.required("item", .record(item), "What is in the trash now.")],
            example: "local item, err = fs.remove(\"workspaces:abc/old\")"
        ) { call in .item(try await trash.remove(FilePlace(call.text("path"), in: roots))) }
    }

    private static func list(_ trash: Trash) -> HostFunction {
        HostFunction(
            waiting: "trash", "What is in the trash, the oldest first.",
            results: [.required("items", .list(.record(item)), "All items of all roots.")],
            example: "for _, item in ipairs(assert(fs.trash())) do add.remove(item, \"removed long ago\") end"
        ) { _ in .array(try await trash.list().map { .item($0) }) }
    }
}

extension LuaValue {
    fileprivate static func status(_ status: FileWork.Status, name: String? = nil) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "kind": .string(status.kind.rawValue), "size": .integer(Int64(status.size)),
            "modified": .number(status.modified),
        ]
        fields["name"] = name.map { .string($0) }
        return .table(fields)
    }

    fileprivate static func item(_ item: TrashItem) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "kind": "trash", "id": .string(item.id), "root": .string(item.root), "bytes": .integer(Int64(item.bytes)),
            "removed_at": .number(item.removedAt), "stamp": .string(item.stamp),
        ]
        fields["path"] = item.path.map { .string($0) }
        return .table(fields)
    }
}
