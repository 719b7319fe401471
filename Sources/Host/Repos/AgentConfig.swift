/// Where the agent finds its configuration in a worktree: it looks no higher than the repository's own directory.
enum AgentConfig {
    static let folder = ".opencode"
    static let file = "opencode.json"
    /// Read first, so that what the other says wins.
    static let otherFile = "opencode.jsonc"
}
