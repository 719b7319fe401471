extension Trash {
    /// Moves what the host itself takes out of use into the trash of its root: `parts` is the way there.
    public func remove(_ parts: [String], of root: FileRoot) async throws -> TrashItem {
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." || $0.contains("/") }) else {
            throw Fault(.invalidInput, "\(parts.joined(separator: "/")) is no way into \(root.name):")
        }
        return try await remove(FilePlace(root, parts))
    }
}
