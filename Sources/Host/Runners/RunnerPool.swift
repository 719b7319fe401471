import Runtime

/// Where agents run. Engines know runners only as this.
@Loop
protocol RunnerPool: AnyObject {
    /// How they run here: `shared`, `process`, `container`.
    var modes: [String] { get }
    /// A runner that is ready for this directory, kept up until it is released. One that has to be started first says how
    /// far it is, in words for people.
    func lease(
        workspace: String, directory: String, share: RunnerShare, onProgress: @escaping @Loop (String) -> Void
    ) async throws -> RunnerLease
    /// The same for a client of the agent's own, which may stay for hours.
    func visit(workspace: String, directory: String) async throws -> RunnerLease
    /// Those that are up, or about to be, and have worked in this directory or were made for it.
    func names(in directory: String) -> [String]
    /// What runners of this chat alone have kept is not needed any more.
    func forget(chat: String, of user: String)
    /// For one that a turn has found gone or deaf, before the next lease of it: has it started anew, or waits until
    /// somebody else has.
    func bringBack(_ runner: String) async throws
    /// Nil when there is none of that name any more.
    func server(of runner: String) -> OpencodeServer?
    /// Turns that read events just now.
    var followerCount: Int { get }
    func close() async
}

extension RunnerPool {
    func forget(chat: String, of user: String) {}

    func visit(workspace: String, directory: String) async throws -> RunnerLease {
        try await lease(workspace: workspace, directory: directory)
    }

    func lease(workspace: String, directory: String) async throws -> RunnerLease {
        try await lease(workspace: workspace, directory: directory, share: .user) { _ in }
    }
}

/// A runner for as long as it is needed.
@Loop
final class RunnerLease {
    let runner: String
    let server: OpencodeServer
    private let inner: RunnerLease?
    private var ownEnd: RunnerEnd?
    private var onRelease: (() -> Void)?

    init(_ runner: String, _ server: OpencodeServer, onRelease: @escaping () -> Void = {}) {
        self.runner = runner
        self.server = server
        self.onRelease = onRelease
        inner = nil
    }

    /// The same, with more to do at its release.
    init(_ lease: RunnerLease, onRelease: @escaping () -> Void) {
        runner = lease.runner
        server = lease.server
        inner = lease
        self.onRelease = { [lease] in
            lease.release()
            onRelease()
        }
    }

    /// Set when the runner has ended under it: there is nothing to wait for.
    var end: RunnerEnd? { inner?.end ?? ownEnd }

    func runnerEnded(_ end: RunnerEnd) { ownEnd = ownEnd ?? end }

    func release() {
        onRelease?()
        onRelease = nil
    }
}
