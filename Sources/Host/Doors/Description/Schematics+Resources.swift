import Runtime

extension Schematics {
    /// Disk, processes and clean-up.
    static let resources: [(String, JSONValue)] = [
        (
            "Disk",
            shape([
                "projects_size": "string", "projects_bytes": "count", "volume_total?": "string",
                "volume_used?": "string", "volume_free?": "string", "volumes": "[Volume]", "kinds": "[DiskKind]",
                "items": "[DiskItem]", "next": "string|null", "measuring": "boolean", "measured_at?": "time",
                "warning": "DiskWarning|null",
            ])
        ),
        (
            "Volume",
            shape([
                "path": "string", "total": "count", "used": "count", "free": "count", "share": "number",
                "inodes": "count", "inodes_free": "count",
            ])
        ),
        (
            "DiskKind",
            shape(["kind": "string", "count": "count", "bytes": "count", "files": "count", "within?": "string"])
        ),
        (
            "DiskItem",
            shape([
                "kind": "string", "id": "string", "path": "string", "owner?": "string", "bytes": "count",
                "size": "string", "files": "count", "changed_at": "time", "measured_at": "time", "age_s": "count",
            ])
        ),
        ("DiskWarning", shape(["level": "string", "reason": "string", "since": "time"])),
        ("Begun", shape(["measuring": "boolean"])),
        (
            "Processes",
            shape([
                "orphans": "[Process]", "processes": "[Process]", "next": "string|null", "memory": "count",
            ])
        ),
        (
            "Process",
            shape([
                "pid": "integer", "comm": "string", "args": "string", "parent": "integer", "group": "integer",
                "state": "string", "started": "count", "started_at": "time", "age_s": "count", "memory": "count",
                "cpu_ms": "count", "role": "string", "runner?": "string", "workspace?": "string", "user?": "string",
                "orphan": "boolean", "reason?": "string",
            ])
        ),
        ("KillOrder", shape(["started?": "count"], isClosed: true)),
        ("Killed", shape(["pid": "integer", "ended": "count", "how": "string"])),
        ("CleaningOrder", shape(["jobs?": "[string]", "plan?": "boolean"], isClosed: true)),
        (
            "Cleaning",
            shape([
                "id": "integer", "pruned": "count", "freed": "count", "plan": "boolean", "done": "boolean",
                "started_at": "time", "ended_at?": "time", "jobs": "[CleaningStep]",
            ])
        ),
        (
            "CleaningStep",
            shape([
                "job": "string", "run?": "integer", "outcome?": "string", "message": "string", "plan?": "Plan",
            ])
        ),
        ("Plans", shape(["plans": "[Plan]", "next": "string|null"])),
        (
            "Plan",
            shape([
                "id": "integer", "job": "string", "generation": "integer", "made_at": "time", "state": "string",
                "active": "boolean", "applied_at?": "time", "removes": "count", "keeps": "count", "bytes": "integer",
                "removed": "count", "skipped": "count", "failed": "count", "freed": "integer",
                "items?": "[PlanItem]", "more?": "boolean", "next?": "string|null",
            ])
        ),
        (
            "PlanItem",
            shape([
                "position": "count", "action": "string", "kind": "string", "id": "string", "label": "string",
                "reason": "string", "bytes?": "integer", "since?": "time", "outcome?": "string", "message?": "string",
                "freed?": "integer",
            ])
        ),
    ]

    /// Runs, jobs, runners and chats.
    static let work: [(String, JSONValue)] = [
        ("Runs", shape(["runs": "[Run]", "next": "string|null", "more?": "boolean"])),
        (
            "Run",
            shape([
                "id": "string", "state": "string", "door": "string", "engine": "string", "user": "string",
                "workspace": "string", "persona?": "string", "chat?": "string", "lane?": "string", "model?": "string",
                "title?": "string", "prompt": "string", "attended": "boolean", "meta": "object", "created_at": "time",
                "started_at?": "time", "ended_at?": "time", "attempts": "count", "runner?": "string",
                "session?": "string", "usage": "object", "error?": "object", "waiting_for?": "string",
                "last_event": "count",
            ])
        ),
        (
            "RunOrder",
            shape([
                "prompt": "name", "user?": "name", "engine?": "name", "workspace?": "name", "chat?": "string",
                "lane?": "string", "model?": "string", "title?": "string", "attended?": "boolean",
                "directory?": "string", "meta?": "object",
            ])
        ),
        ("CancelOrder", shape(["reason?": "string"])),
        ("Decisions", shape(["decisions": "[Decision]"])),
        (
            "Decision",
            shape([
                "at": "time", "hook": "string", "generation": "integer", "scripts": "[string]", "decision": "any",
                "reason?": "string",
            ])
        ),
        ("Asks", shape(["asks": "[OpenAsk]"])),
        ("OpenAsk", shape(["run": "Run", "ask": "object"])),
        ("AskAnswer", shape(["verdict": "Verdict", "answers?": "[any]", "message?": "string"])),
        ("Verdict", ["type": "string", "enum": ["once", "always", "reject", "answered", "dismissed"]]),
        ("Jobs", shape(["jobs": "[Job]", "next": "string|null"])),
        (
            "Job",
            shape([
                "name": "string", "kind": "string", "script": "string", "description": "string", "schedule": "string",
                "tz": "string", "overlap": "string", "catch_up": "string", "enabled": "boolean", "paused": "boolean",
                "generation": "integer", "next": "[time]", "running": "JobRun|null", "last": "JobRun|null",
                "history?": "[JobRun]",
            ])
        ),
        (
            "JobRun",
            shape([
                "id": "integer", "job": "string", "reason": "string", "generation": "integer", "started_at": "time",
                "ended_at?": "time", "outcome": "string", "message": "string", "took_ms?": "integer",
                "plan?": "integer",
            ])
        ),
        ("JobBegun", shape(["job": "string", "run": "integer"])),
        ("Runners", shape(["runners": "[Runner]", "next": "string|null"])),
        (
            "Runner",
            shape([
                "name": "string", "mode?": "string", "state": "string", "workspace?": "string",
                "key_signature?": "string", "leases?": "count", "stale?": "boolean", "address?": "string",
                "identity?": "string", "started_at?": "time", "last_used_at?": "time", "reason?": "string",
            ])
        ),
        ("Chats", shape(["chats": "[Chat]", "next": "string|null"])),
        (
            "Chat",
            shape([
                "id": "string", "user": "string", "chat?": "string", "title?": "string", "persona?": "string",
                "model?": "string", "session?": "string", "turns": "count", "newest": "string", "pinned": "boolean",
                "started_at": "time", "last_used_at": "time", "newest_turns?": "[Turn]",
            ])
        ),
        (
            "Turn",
            shape([
                "run": "string", "voice": "string", "session?": "string", "state?": "string", "complete": "boolean",
                "at": "time",
            ])
        ),
    ]
}
