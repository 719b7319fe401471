/// What an engine's refusals and silences are to people: the one place where they are put into words.
enum DockerFaults {
    /// Of an answer whose status says that it did not work.
    static func refused(_ call: DockerCall, status: Int, _ body: [UInt8], _ address: DockerAddress) -> Fault {
        let said = message(body) ?? "status \(status)"
        let text = "\(address.name) could not \(call.subject): \(said)"
        if let meaning = known(said, text) { return meaning }
        switch status {
        case 400: return Fault(.invalidInput, text)
        case 401, 403:
            return Fault(
                .denied, text,
                hint: "a proxy before the socket must allow \(call.method.rawValue) \(call.path); docs/security.md "
                    + "lists what Perigee asks")
        case 404: return Fault(.notFound, text)
        case 409: return Fault(.conflict, text)
        default: return Fault(.unavailable, text, hint: "the log of dockerd says more")
        }
    }

    /// Of a call to which no answer came.
    static func silent(_ call: DockerCall, _ fault: Fault, after limit: Duration, _ address: DockerAddress) -> Fault {
        // It has been put into words already.
        if fault.message.hasPrefix(address.name) { return fault }
        switch fault.kind {
        case .timeout:
            return Fault(
                .timeout, "\(address.name) did not \(call.subject) within \(Units.describe(limit))",
                hint: call.path == DockerCall.pulling
                    ? "nothing comes from the registry: `docker pull` on Docker's machine shows whether it is the network"
                    : "is dockerd frozen or overloaded? `docker ps` should answer at once")
        case .unavailable:
            if let obstacle = address.obstacle() { return obstacle }
            return Fault(
                .unavailable, "\(address.name) could not \(call.subject): \(fault.message)",
                hint: "is dockerd up? `docker ps` should answer")
        default: return fault
        }
    }

    /// Said in the middle of a stream that began well.
    static func told(_ call: DockerCall, _ said: String, _ address: DockerAddress) -> Fault {
        let text = "\(address.name) could not \(call.subject): \(said)"
        return known(said, text) ?? Fault(.unavailable, text)
    }

    /// Words that the Engine uses under several statuses.
    private static func known(_ said: String, _ text: String) -> Fault? {
        let said = said.lowercased()
        for (words, kind, hint) in meanings where words.contains(where: said.contains) {
            // No room is made by waiting.
            return Fault(kind, text, hint: hint, isRetryable: kind == .overBudget ? false : nil)
        }
        return nil
    }

    private static let meanings: [([String], Fault.Kind, String?)] = [
        (
            ["no space left on device", "disk quota exceeded"], .overBudget,
            "free some of the disk that Docker uses: `docker system df` shows what takes it"
        ),
        (
            ["client version"], .unavailable,
            "this Engine is older than Perigee understands (API \(DockerVersion.oldest)), or newer"
        ),
        (["has active endpoints", "is ambiguous"], .conflict, nil),
        (["is in use", "already in use", "already in progress", "is already paused"], .conflict, nil),
        (["pool overlaps", "non-overlapping", "address pools have been fully subnetted"], .overBudget, nil),
        (["port is already allocated", "address already in use"], .conflict, "another program has this port"),
        (
            ["no basic auth credentials", "authentication required", "unauthorized"], .denied,
            "the registry wants a login, and Perigee has none: pull the image by hand after `docker login`"
        ),
        (
            ["toomanyrequests", "too many requests"], .unavailable,
            "the registry gives this address no more for now: wait, or pull by hand after `docker login`"
        ),
        (
            ["verification failed", "does not match digest"], .unavailable,
            "what came is not what the registry announced: try again; if it stays so, its copy or a proxy is broken"
        ),
        (
            ["manifest unknown", "manifest for", "pull access denied", "repository does not exist", "no such image"],
            .notFound, "check the image's name; a private one is to be pulled by hand, or after `docker login`"
        ),
        (
            ["executable file not found", "no such file or directory: unknown"], .invalidInput,
            "the image lacks that program"
        ),
    ]

    /// `{"message": …}`, or plain text, cut to a readable length.
    private static func message(_ body: [UInt8]) -> String? {
        // An answer that is no JSON is a proxy's own page.
        let said = (try? JSON.parse(body))?["message"].string ?? String(decoding: body, as: UTF8.self)
        let line = said.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty ? nil : String(line.prefix(500))
    }
}
