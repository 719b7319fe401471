import Runtime

/// Where agents run. Engines know runners only as this.
@Loop
protocol RunnerPool: AnyObject {
    /// How they run here: `shared`, `process`, `container`.
    var modes: [String] { get }
    /// A runner that is ready for this directory, kept up until it is released.
    func lease(workspace: String, directory: String) async throws -> RunnerLease
    /// Starts it anew, or waits until somebody else has.
    func restart(_ runner: String) async throws
    /// Nil when there is none of that name any more.
    func server(of runner: String) -> OpencodeServer?
}

/// A runner for as long as it is needed.
@Loop
final class RunnerLease {
    let runner: String
    let server: OpencodeServer
    private var onRelease: (() -> Void)?

    init(_ runner: String, _ server: OpencodeServer, onRelease: @escaping () -> Void = {}) {
        self.runner = runner
        self.server = server
        self.onRelease = onRelease
    }

    func release() {
        onRelease?()
        onRelease = nil
    }
}
