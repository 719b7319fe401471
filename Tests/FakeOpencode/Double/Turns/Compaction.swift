import Runtime

/// The messages that ask for a compaction, and for going on after it.
extension Life {
    func requestCompaction(_ session: Session, _ part: JSONObject) {
        _ = note(session, part)
    }

    /// The server's own words in the user's name.
    func requestContinuation(_ session: Session, _ after: StoredMessage) -> String {
        let isOverflow = after.parts.contains { $0["overflow"]?.bool == true }
        let reason = isOverflow ? "The previous request was too large, so the conversation was compacted.\n\n" : ""
        let moment = Clock.now
        return note(
            session,
            object([
                "type": "text", "metadata": ["compaction_continue": true], "synthetic": true,
                "text": .string("\(reason)Continue if you have next steps, or stop and ask for clarification."),
                "time": ["start": moment, "end": moment],
            ]))
    }

    private func note(_ session: Session, _ part: JSONObject) -> String {
        let message = id("msg")
        let model = session.model
        let info = object([
            "id": .string(message), "role": "user", "sessionID": .string(session.id), "time": ["created": Clock.now],
            "agent": session.info["agent"] ?? "build",
            "model": ["providerID": .string(model?.provider ?? "fake"), "modelID": .string(model?.id ?? "m1")],
        ])
        save(info, session)
        var part = part
        part["id"] = .string(id("prt"))
        part["messageID"] = .string(message)
        part["sessionID"] = .string(session.id)
        save(part: part, session)
        return message
    }

    /// The user's own command: no permission is asked.
    func shell(_ command: String, _ session: Session, _ instance: Instance) async throws -> JSONValue {
        setStatus(session.id, ["type": "busy"], session.directory)
        defer { setStatus(session.id, nil, session.directory) }
        let user = note(
            session,
            object(["type": "text", "text": "The following tool was executed by the user", "synthetic": true]))
        let model = session.model
        var info = object([
            "id": .string(id("msg")), "sessionID": .string(session.id), "role": "assistant",
            "time": ["created": Clock.now], "parentID": .string(user), "modelID": .string(model?.id ?? "m1"),
            "providerID": .string(model?.provider ?? "fake"), "mode": "build", "agent": "build",
            "path": ["cwd": .string(session.directory), "root": .string(instance.worktree)], "cost": 0,
            "tokens": Usage.none,
        ])
        save(info, session)
        let start = Clock.now
        var part = object([
            "id": .string(id("prt")), "sessionID": .string(session.id), "messageID": info["id"], "type": "tool",
            "callID": .string(Ids.chance(26)), "tool": "bash",
            "state": ["status": "running", "time": ["start": start], "input": ["command": .string(command)]],
        ])
        save(part: part, session)
        let output = try await Shell(command, in: session.directory).run { output in
            part["state"] = [
                "status": "running", "time": ["start": start], "input": ["command": .string(command)],
                "metadata": ["output": .string(output)],
            ]
            save(part: part, session)
        }.output
        info["time"] = value(["created": info["time"]?["created"], "completed": Clock.now])
        save(info, session)
        part["state"] = [
            "status": "completed", "time": ["start": start, "end": Clock.now], "input": ["command": .string(command)],
            "title": "", "metadata": ["output": .string(output)], "output": .string(output),
        ]
        save(part: part, session)
        return session.messages[session.place(of: info.text("id") ?? "")!].json
    }
}
