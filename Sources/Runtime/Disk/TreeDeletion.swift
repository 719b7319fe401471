import CLinux
import Glibc

/// Deletes a directory for good: first it loses its name, then its contents go in slices on the pool. It follows no link,
/// and nothing outside of the root is touched.
public enum TreeDeletion {
    /// What a directory is called from the moment on in which it is condemned. A kill leaves such a one.
    public static let prefix = ".deleting-"

    /// `parts` lead from the root to it. True when it was there.
    @Loop
    @discardableResult
    public static func delete(_ parts: [String], in root: String) async throws -> Bool {
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") }) else {
            throw Fault(.invalidInput, "\"\(parts.joined(separator: "/"))\" is no place below \(root)")
        }
        let place = FilePlace(FileRoot("disk", root, isWritable: true), parts)
        let name = try await BlockingPool.shared.run("deleting \(place.text)") { try condemn(place) }
        guard let name else { return false }
        while try await !BlockingPool.shared.run("deleting \(place.text)", { try goOn(place, name) }) {
            try Task.checkCancellation()
        }
        return true
    }

    private static func condemn(_ place: FilePlace) throws -> String? {
        let own = place.parts.last!
        do {
            let directory = try FileWork(place.directory).open(O_RDONLY | O_DIRECTORY)
            if own.hasPrefix(prefix) { return own }
            let name = prefix + Random.token(bytes: 6)
            if renameat(directory.value, own, directory.value, name) == 0 { return name }
            if errno == ENOENT { return nil }
            throw place.fault("delete", errno: errno)
        } catch let fault as Fault where fault.kind == .notFound {
            return nil
        }
    }

    private static func goOn(_ place: FilePlace, _ name: String) throws -> Bool {
        let directory = try FileWork(place.directory).open(O_RDONLY | O_DIRECTORY)
        var removal = TreeRemoval(in: directory, place)
        return try removal.remove(prefix: name)
    }
}
