import Runtime

extension Schematics {
    /// What is harmless in a path, an argument and an address: letters, digits, _ and -, with dots inside.
    private static let word = #"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*"#

    /// What is sent to have something done in repositories, and by backends that submit work.
    static let orders: [(String, JSONValue)] = [
        (
            "RepoText",
            [
                "type": "string", "pattern": .string("^\(word)/\(word)$"),
                "description": "owner/name. Clones and tasks take an address of the same server as well.",
            ]
        ),
        (
            "BranchText",
            [
                "type": "string", "pattern": .string("^\(word)(/\(word))*$"),
                "description": "As git takes names of branches, of which this is the plain part.",
            ]
        ),
        ("WorkText", ["type": "string", "pattern": "^[A-Za-z0-9._:@~-]{1,200}$"]),
        (
            "WorkSeconds",
            [
                "type": "integer", "minimum": 1, "maximum": 3600,
                "description": "The settings may allow more, or less.",
            ]
        ),
        (
            "CloneOrder",
            shape(["repo": "RepoText", "depth?": "CloneDepth", "filter?": "CloneFilter"])
        ),
        ("CloneDepth", ["type": "integer", "minimum": 1, "maximum": 1_000_000]),
        ("CloneFilter", ["type": "string", "enum": .array(RepoFilter.allCases.map { .string($0.rawValue) })]),
        ("WorktreeOrder", shape(["repo": "RepoText", "sessionId": "WorktreeWord", "branch?": "BranchText"])),
        ("WorktreeWord", ["type": "string", "pattern": .string("^\(word)$"), "maxLength": 128]),
        ("CommitOrder", shape(["message": "name", "author?": "CommitAuthor"])),
        ("CommitAuthor", shape(["name?": "string", "email?": "string"])),
        (
            "PushOrder",
            shape(["branch?": "BranchText", "to?": "PushTarget", "rebase?": "boolean", "force?": "boolean"])
        ),
        ("PushTarget", ["type": "string", "enum": .array(PushWish.Target.allCases.map { .string($0.rawValue) })]),
        (
            "PullRequestOrder",
            shape(["title?": "string", "body?": "string", "base?": "BranchText", "draft?": "boolean"])
        ),
        (
            "TaskSubmission",
            shape([
                "task_id": "WorkText", "code": "name", "context?": "any", "project_id?": "WorkText|null",
                "persona?": "WorkText|null", "model_config?": "object|null", "timeout?": "WorkSeconds|null",
                "title?": "string|null",
                "meta?": "object|null", "attended?": "boolean|null", "repeatable?": "boolean|null",
                "repo?": "RepoText|null",
                "branch?": "BranchText|null", "repos?": "[RepoText]|null",
            ])
        ),
        (
            "SessionSubmission",
            shape([
                "session_id": "WorkText", "prompt": "name", "system_prompt?": "string|null",
                "project_id?": "WorkText|null",
                "persona?": "WorkText|null", "model_config?": "object|null", "timeout?": "WorkSeconds|null",
                "title?": "string|null",
                "meta?": "object|null", "attended?": "boolean|null", "repo?": "RepoText|null",
                "branch?": "BranchText|null",
                "repos?": "[RepoText]|null",
            ])
        ),
    ]
}
