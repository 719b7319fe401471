import Runtime

/// Settings of repositories and worktrees.
extension SettingTable {
    static let projects = Setting(
        name: "OCWEB_PROJECTS_DIR", fallback: "", accepts: .optionalPath,
        purpose:
            "Where the cache of repositories is. When empty: `DANCODES_PROJECTS_DIR`, `/vol/projects` if it can be "
            + "written, or `$STATE_DIR/projects`.")
    static let formerProjects = Setting(
        name: "DANCODES_PROJECTS_DIR", fallback: "", accepts: .optionalPath,
        purpose: "The same under its later name.")
    static let gitProgram = Setting(
        name: "GIT_BIN", fallback: "git", accepts: .text, purpose: "The program that works with repositories.")
    static let gitProtocols = Setting(
        name: "PERIGEE_GIT_PROTOCOLS", fallback: "https,ssh",
        accepts: .list("protocols of git (https, http, ssh, git, file)") { word in
            ["https", "http", "ssh", "git", "file"].contains(word) ? word : nil
        },
        purpose: "How repositories may be reached. `file` lets whoever may name one read repositories of this machine.")
    static let gitServer = Setting(
        name: "GITHUB_SERVER_URL", fallback: "https://github.com", accepts: .gitServer,
        purpose: "What stands before `owner/name` in the address of a repository.")
    static let githubAPI = Setting(
        name: "GITHUB_API_URL", fallback: "https://api.github.com", accepts: .optionalURL,
        purpose: "The API of that server, for lists of repositories and pull requests. A server of your own ends in "
            + "`/api/v3`, or in `/api/v1` for Gitea and Forgejo.")
    static let githubUser = Setting(
        name: "GITHUB_USER", fallback: "", accepts: .text,
        purpose: "The user that `GITHUB_TOKEN` belongs to.")
    static let githubToken = Setting(
        name: "GITHUB_TOKEN", fallback: "", accepts: .text,
        purpose:
            "The owner's token for that server: for managers, and for everybody with `PERIGEE_GITHUB_TOKEN_FOR=all`. "
            + "Users bring their own as the key GITHUB_TOKEN.", isSecret: true)
    static let sharesGithubToken = Setting(
        name: "PERIGEE_GITHUB_TOKEN_FOR", fallback: "managers", accepts: .oneOf(TokenSharing.self),
        purpose: "Who works with the owner's token. `all`: every user can read and write what it can.")
    static let repoDepth = Setting(
        name: "PERIGEE_REPO_DEPTH", fallback: "0", accepts: .count(0...1_000_000),
        purpose: "Commits of each branch that a clone takes; 0 is all. For repositories with long histories.")
    static let repoFilter = Setting(
        name: "PERIGEE_REPO_FILTER", fallback: "none", accepts: .oneOf(RepoFilter.self),
        purpose: "What a clone leaves out. `blobs`: files, until a worktree needs those of its commit. For "
            + "repositories whose old files are large.")

    static let repos: [any AnySetting] = [
        projects, formerProjects, gitProgram, gitProtocols, gitServer, githubAPI, githubUser, githubToken,
        sharesGithubToken, repoDepth, repoFilter,
    ]
}

/// What a clone leaves out, until it is needed.
enum RepoFilter: String, Sendable, CaseIterable, Storable {
    case none, blobs

    /// As git says it.
    var text: String? { self == .blobs ? "blob:none" : nil }
}

/// Who works with the owner's token.
enum TokenSharing: String, Sendable, CaseIterable {
    case managers, all
}

extension Accepted where Value == String {
    static let gitServer = Accepted(description: "an address that begins with https://, http://, ssh:// or file://") {
        text in
        let schemes = ["https://", "http://", "ssh://", "file://"]
        return schemes.contains(where: text.hasPrefix) && !text.contains("\n") ? text : nil
    }
}
