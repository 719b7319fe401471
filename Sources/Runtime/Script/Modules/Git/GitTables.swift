import LuaBridge

/// The tables of `host.git` and `host.repos`.
enum GitTables {
    static let repo = Record(
        "host.Repo", "A repository of the cache, as an item for gc plans.",
        [
            .required("kind", .text(), "\"repo\""), .required("id", .text(), "owner/name."),
            .required("label", .text(), "Its name for people."), .required("name", .text(), "owner/name."),
            .optional("default_branch", .text(), "The branch that worktrees begin from; nil while there is none."),
            .required("bytes", Contract.count, "What it held when it was last fetched."),
            .required("worktrees", Contract.count, "How many are made of it."),
            .required("pinned", .boolean, "Whether no plan may remove it."),
            .required("created", Contract.moment, "When it was cloned."),
            .required("last_used", Contract.moment, "When a worktree was last made of it."),
            .optional("fetched", Contract.moment, "When it was last brought up to date."),
            .required("stamp", .text(), "Changes when it is used."),
        ])

    static let worktree = Record(
        "host.Worktree", "A checkout for one chat or run, as an item for gc plans.",
        [
            .required("kind", .text(), "\"worktree\""), .required("id", .text(), "Its id."),
            .required("label", .text(), "Its name for people."),
            .required("repo", .text(), "The repository, as owner/name."),
            .required("path", .text(), "Where it is."),
            .required("branch", .text(), "The branch that was made for it."),
            .required("base", .text(), "The commit that it began from."),
            .optional("user", .text(), "Whose it is."), .optional("workspace", .text(), "That user's workspace."),
            .optional("bytes", Contract.count, "What it held when it was last measured."),
            .optional("chat", .text(), "The chat that works in it."),
            .optional("run", .text(), "The run that used it last."),
            .optional("pull_request", .text(), "The address of its pull request."),
            .required("pinned", .boolean, "Whether no plan may remove it."),
            .required("busy", .boolean, "Whether somebody is at work in it now."),
            .required("created", Contract.moment, "When it was made."),
            .required("last_used", Contract.moment, "When somebody last worked in it."),
            .required("stamp", .text(), "Changes when somebody works in it."),
        ])

    static let standing = Record(
        "host.WorktreeStatus", "What a worktree holds that nobody else has.",
        [
            .optional("head", .text(), "The commit that is checked out."),
            .optional("branch", .text(), "The branch that is checked out."),
            .required("clean", .boolean, "Whether everything is committed."),
            .required("uncommitted", Contract.count, "Files that are not, new ones included."),
            .required("files", .list(.text()), "Their paths, the first 200."),
            .required("unpushed", Contract.count, "Commits, of any branch or stash, that no other side has."),
            .required("ahead", Contract.count, "Commits since where it began."),
            .required("removable", .boolean, "Whether nothing would be lost with it."),
        ])

    static let file = Record(
        "host.DiffFile", "A file that differs.",
        [
            .required("path", .text(), "Its path."), .optional("from", .text(), "Where it was, if it was moved."),
            .required("binary", .boolean, "Whether it has no lines to count."),
            .optional("added", Contract.count, "Lines added."), .optional("removed", Contract.count, "Lines removed."),
        ])

    static let diff = Record(
        "host.Diff", "What has changed in a worktree.",
        [
            .required("files", .list(.record(file)), "Each file that differs."),
            .required("patch", .text(), "The changes themselves, up to the limit."),
            .required("cut", .boolean, "Whether the patch was longer."),
        ])

    static let commit = Record(
        "host.Commit", "A commit.",
        [
            .required("commit", .text(), "Its id."), .required("parents", .list(.text()), "Those before it."),
            .required("author", .text(), "Who made it."), .required("email", .text(), "Their address."),
            .required("at", Contract.moment, "When."), .required("subject", .text(), "The first line of its message."),
        ])

    static let branch = Record(
        "host.Branch", "A branch of a repository of the cache, as an item for gc plans.",
        [
            .required("kind", .text(), "\"branch\""), .required("id", .text(), "Repository and name."),
            .required("label", .text(), "Its name for people."), .required("name", .text(), "The branch."),
            .required("repo", .text(), "The repository, as owner/name."),
            .required("commit", .text(), "What it is at."),
            .required("merged", .boolean, "Whether the default branch has all of its commits."),
            .required("default", .boolean, "Whether it is the default branch."),
            .optional("worktree", .text(), "The worktree that it was made for, while that is there."),
            .required("at", Contract.moment, "When its newest commit was made."),
            .required("stamp", .text(), "Changes when the branch moves."),
        ])

    static let listed = Record(
        "host.ListedRepo", "A repository as GitHub lists it.",
        [
            .required("full_name", .text(), "owner/name."), .required("description", .text(), "What it is."),
            .required("private", .boolean, "Whether only some may read it."),
            .required("default_branch", .text(), "Its default branch."),
        ])

    static let pull = Record(
        "host.PullRequest", "A pull request.",
        [
            .required("number", .integer(), "Its number."), .required("url", .text(), "Where people see it."),
            .required("new", .boolean, "Whether it was opened now; false for one that was open already."),
        ])
}
