import CLinux
import Glibc

/// The trash of one root, on the disk: `.trash/ID/item`, and `.trash/ID/note.json`, which says where it was. Every call
/// may block.
///
/// The note is on the disk before the item moves, and the item has left its name before anything in it is deleted. So a
/// kill leaves either the file in its place, a whole item, or a remainder that is nobody's and that `sweep` deletes.
struct TrashBox: Sendable {
    struct Note: Codable, Sendable, Equatable {
        /// Below the root.
        let path: String
        let bytes: Int
        /// Seconds since the epoch.
        let removedAt: Double

        private enum CodingKeys: String, CodingKey {
            case path, bytes
            case removedAt = "removed_at"
        }
    }

    /// A remainder without item that is older may not be somebody's removal in progress.
    static let patience = 3600.0
    static let itemLimit = 10_000

    private static let item = "item"
    private static let note = "note.json"
    private static let condemned = "condemned"

    let root: FileRoot

    private var place: FilePlace { FilePlace(root, [FilePlace.trash]) }

    // MARK: in

    /// First half of a removal: where it will lie, and the note. Nothing has moved yet.
    func prepare(_ id: String, _ note: Note) throws {
        let top = try FileWork.open(root)
        if mkdirat(top.value, FilePlace.trash, 0o700) == 0 {
            try FileWork.sync(top, place)
        } else if errno != EEXIST {
            throw place.fault("make", errno: errno)
        }
        let trash = try FileWork(place).open(O_RDONLY | O_DIRECTORY)
        guard mkdirat(trash.value, id, 0o700) == 0 else { throw place.fault("make", errno: errno) }
        let entry = try open(id)
        try FileWork.create(TrashBox.note, in: entry, JSON.encode(note), mode: 0o600, place)
        try FileWork.sync(entry, place)
        try FileWork.sync(trash, place)
    }

    /// Second half: one rename.
    func take(_ id: String, _ removed: FilePlace) throws {
        let directory = try FileWork(removed.directory).open(O_RDONLY | O_DIRECTORY)
        let entry = try open(id)
        guard renameat(directory.value, removed.parts.last!, entry.value, TrashBox.item) == 0 else {
            let failure = removed.fault("remove", errno: errno)
            try dissolve(id)
            throw failure
        }
        try FileWork.sync(entry, place)
        try FileWork.sync(directory, removed)
    }

    // MARK: looking

    func ids() throws -> [String] {
        do {
            return try FileWork.names(in: FileWork(place).open(O_RDONLY | O_DIRECTORY), place).sorted()
        } catch let fault as Fault where fault.kind == .notFound {
            return []
        }
    }

    /// What a name in the trash can look like, and so what may be looked for.
    static func isID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { 48...57 ~= $0 || 97...102 ~= $0 }
    }

    /// Nil for a remainder.
    func find(_ id: String) throws -> TrashItem? {
        let entry: Descriptor
        let status: stat
        do {
            entry = try open(id)
            status = try FileWork.status(of: TrashBox.item, in: entry, place)
        } catch let fault as Fault where fault.kind == .notFound {
            return nil
        }
        let changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
        let marks = [
            UInt64(status.st_ino), UInt64(bitPattern: changed), UInt64(status.st_size), UInt64(status.st_nlink),
        ]
        let stamp = marks.map { String($0, radix: 36) }.joined(separator: "-")
        let note = readNote(id)
        return TrashItem(
            id: id, root: root.name, path: note.map { "\(root.name):\($0.path)" }, bytes: note?.bytes ?? 0,
            removedAt: note?.removedAt ?? Double(status.st_ctim.tv_sec), stamp: stamp)
    }

    // MARK: out

    /// Puts it back where it was, unless something is there again.
    func restore(_ id: String, stamp: String) throws {
        _ = try expect(id, stamp)
        guard let note = readNote(id) else {
            throw Fault(.conflict, "trash item \(id): its note cannot be read, so nobody knows where it was")
        }
        let target = try FilePlace("\(root.name):\(note.path)", in: [root]).inside()
        try FileWork(target.directory).makeDirectories()
        let directory = try FileWork(target.directory).open(O_RDONLY | O_DIRECTORY)
        let entry = try open(id)
        guard clinux_rename_new(entry.value, TrashBox.item, directory.value, target.parts.last!) == 0 else {
            throw errno == EEXIST
                ? Fault(.conflict, "\(target.text) exists again", hint: "move it away, then restore once more")
                : target.fault("restore", errno: errno)
        }
        try FileWork.sync(directory, target)
        try dissolve(id)
    }

    /// First half of deleting for good: from here on it cannot be restored.
    func condemn(_ id: String, stamp: String) throws -> TrashItem {
        let item = try expect(id, stamp)
        let entry = try open(id)
        guard renameat(entry.value, TrashBox.item, entry.value, TrashBox.condemned) == 0 else {
            throw place.fault("delete", errno: errno)
        }
        return item
    }

    /// Second half, a slice of it; true when nothing is left.
    func destroy(_ id: String) throws -> Bool {
        let entry: Descriptor
        do {
            entry = try open(id)
        } catch let fault as Fault where fault.kind == .notFound {
            return true
        }
        var removal = TreeRemoval(in: entry, place.with(id))
        guard try removal.remove(prefix: TrashBox.condemned) else { return false }
        try dissolve(id)
        return true
    }

    /// Remainders that a kill left: condemned ones, and those without an item that are old enough.
    func remainders(now: Double) throws -> [String] {
        try ids().filter { id in
            guard try find(id) == nil else { return false }
            let status: stat
            do {
                status = try FileWork.status(of: open(id), place)
            } catch let fault as Fault where fault.kind == .notFound {
                return false
            }
            let names = try FileWork.names(in: open(id), place)
            return names.contains { $0.hasPrefix(TrashBox.condemned) }
                || now - Double(status.st_mtim.tv_sec) > TrashBox.patience
        }
    }

    // MARK: parts

    private func expect(_ id: String, _ stamp: String) throws -> TrashItem {
        guard let item = try find(id) else {
            throw Fault(.notFound, "there is no item \(id) in the trash of \(root.name):")
        }
        guard item.stamp == stamp else {
            throw Fault(
                .conflict, "trash item \(id) is not what it was when it was looked at", hint: "list the trash again")
        }
        return item
    }

    private func open(_ id: String) throws -> Descriptor { try FileWork(place.with(id)).open(O_RDONLY | O_DIRECTORY) }

    private func readNote(_ id: String) -> Note? {
        do {
            return try JSON.decode(Note.self, from: FileWork(place.with(id).with(TrashBox.note)).read(limit: 1 << 16))
        } catch {
            // The item matters more than where it was: it can still be deleted for good.
            return nil
        }
    }

    /// Takes away the entry of an item that has left it. What is in the way is a remainder for `sweep`.
    private func dissolve(_ id: String) throws {
        let trash = try FileWork(place).open(O_RDONLY | O_DIRECTORY)
        let entry = try open(id)
        unlinkat(entry.value, TrashBox.note, 0)
        unlinkat(trash.value, id, AT_REMOVEDIR)
    }
}
