/// How git is run.
public struct GitSettings: Sendable {
    public var program = "git"
    /// Where its configuration is written, and what it takes for the home directory.
    public var home: String
    /// Ways in which other repositories may be reached; git knows `https`, `http`, `ssh`, `git` and `file`.
    public var protocols = ["https", "ssh"]
    public var ssh = "ssh -oBatchMode=yes -oConnectTimeout=20"
    /// For what works on this machine alone, and for what speaks with another.
    public var deadline = Duration.seconds(120)
    public var networkDeadline = Duration.seconds(3600)

    public init(home: String) { self.home = home }
}

/// The part of git's surroundings that is the same in every call.
enum GitConfiguration {
    /// `fsync=all`: loose objects have been found empty after a machine moved, so that every object and ref is on the disk
    /// before git says so. Submodules are never looked into: what lies there is not ours, and git would take its orders.
    static let text = """
        [core]
            hooksPath = /dev/null
            fsmonitor = false
            untrackedCache = false
            fsync = all
            fsyncMethod = fsync
            quotePath = false
            askPass =
            alternateRefsCommand = /bin/true
        [safe]
            directory = *
        [gc]
            auto = 0
        [maintenance]
            auto = false
        [credential]
            helper =
            useHttpPath = true
        [submodule]
            recurse = false
        [diff]
            ignoreSubmodules = all
            submodule = short
        [status]
            submoduleSummary = false
        [fetch]
            recurseSubmodules = false
            writeCommitGraph = false
        [push]
            default = nothing
            recurseSubmodules = no
        [commit]
            gpgSign = false
        [tag]
            gpgSign = false
        [protocol]
            version = 2
        [http]
            lowSpeedLimit = 500
            lowSpeedTime = 60
        [advice]
            detachedHead = false
        [init]
            defaultBranch = main

        """

    static let variables = [
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_PAGER": "cat", "GIT_EDITOR": ":", "GIT_FLUSH": "1", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C.UTF-8",
    ]

    /// Where programs are, how to get out through a proxy, whom to trust, and the owner's agent of SSH keys.
    static let inherited = [
        "PATH", "TMPDIR", "TZ", "https_proxy", "HTTPS_PROXY", "http_proxy", "no_proxy", "NO_PROXY", "ALL_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK",
    ]
}
