extension Store {
    /// Reads a whole store and lists what is wrong with it, also while another process has it open.
    public static func check(_ path: String) async throws -> [String] {
        try await BlockingPool.shared.run("checking \(path)") {
            try StoreOpening.problems(of: Database(path, .reader))
        }
    }
}
