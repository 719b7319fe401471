import Glibc
import Runtime

/// Where repositories come from, and who may have them.
struct RepoSettings: Sendable {
    /// `https://github.com`: what stands before `owner/name`.
    var server = "https://github.com"
    /// Of the owner's token; any name does for GitHub.
    var user = "x-access-token"
    var token: Secret?
    /// Whether users may work with the owner's token where they have none of their own.
    var sharesToken = false
    var depth: Int?
    var filter = RepoFilter.none
    /// Who commits for a user who has no name.
    var author = GitAuthor(name: "Perigee", email: "perigee@localhost")

    func address(of name: RepoName) -> String { "\(server)/\(name.owner)/\(name.name).git" }

    func login(for name: RepoName, user: String, token: Secret) -> GitLogin? {
        GitLogin(for: address(of: name), user: user, password: token)
    }

    /// The owner's.
    func login(for name: RepoName) -> GitLogin? { token.flatMap { login(for: name, user: user, token: $0) } }
}

extension Settings {
    var repos: RepoSettings {
        var repos = RepoSettings()
        var server = self[SettingTable.gitServer]
        while server.hasSuffix("/") { server.removeLast() }
        repos.server = server
        if !self[SettingTable.githubUser].isEmpty { repos.user = self[SettingTable.githubUser] }
        let token = self[SettingTable.githubToken]
        repos.token = token.isEmpty ? nil : Secret(token)
        repos.sharesToken = self[SettingTable.sharesGithubToken] == .all
        repos.depth = self[SettingTable.repoDepth] == 0 ? nil : self[SettingTable.repoDepth]
        repos.filter = self[SettingTable.repoFilter]
        return repos
    }

    /// Under the first of the names that is set, else where earlier systems of this kind had it, else in the state
    /// directory.
    var projectsDirectory: String {
        for setting in [SettingTable.projects, SettingTable.formerProjects] where !self[setting].isEmpty {
            return self[setting]
        }
        let former = "/vol/projects"
        return access(former, R_OK | W_OK | X_OK) == 0 ? former : "\(stateDirectory)/projects"
    }

    func git(home: String) -> GitSettings {
        var git = GitSettings(home: home)
        git.program = self[SettingTable.gitProgram]
        git.protocols = self[SettingTable.gitProtocols]
        return git
    }
}
