import LuaBridge

// What leaves for a repository's server.

extension Contract {
    static let pushing = Record(
        "host.Push", "A push that somebody wants of a worktree.",
        [
            .required("worktree", word, "The worktree's id."),
            .required("repo", .text(max: 300), "The repository, as owner/name."),
            .optional("user", word, "Whose worktree it is."),
            .required("manager", .boolean, "Whether a key with the scope `manage` asks."),
            .required(
                "branch", .text(max: 300), "The branch there that was asked for; the worktree's own unless told."),
            .required("own_branch", .text(max: 300), "The branch that was made for the worktree."),
            .required("base_branch", .text(max: 300), "The branch that it began from."),
            .required("default_branch", .text(max: 300), "The repository's default branch."),
            .required("force", .boolean, "Whether to replace what was pushed from here before."),
            .optional(
                "rebase", .boolean, "Whether to put commits on what is there; nil says nothing of it."),
        ])

    static let sending = Record(
        "host.Sending", "Where the push goes, and how.",
        [
            .optional("branch", .text(max: 300), "The branch there; what was asked for if left out."),
            .optional("rebase", .boolean, "Whether commits are put on what is there by now."),
            .optional("refuse", .text(max: 500), "Why it is not done; the client reads it, with status 403."),
            .optional("hint", .text(max: 500), "What can be done instead; the client reads it too."),
            reason,
        ])

    static let push = HookContract(
        "push", "Where may work go, and how?", facts: [.required("push", .record(pushing), "What is wanted.")],
        decision: .record(sending), otherwise: "To the branch that was asked for, as it was asked for."
    ) { _ in ["reason": "as it was asked for"] }
}
