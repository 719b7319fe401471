import Runtime

/// Processes that run because of us, why some of them should not, and their end.
@Loop
struct ProcessesDoor: Door {
    let name = "processes"
    private let gate: Gate
    private let processes: OwnProcesses
    private let users: (_ workspace: String) async throws -> String?

    init(_ gate: Gate, _ processes: OwnProcesses, users: @escaping (_ workspace: String) async throws -> String?) {
        self.gate = gate
        self.processes = processes
        self.users = users
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/processes",
                summary:
                    "The processes of this Perigee and of its runners, by number; secrets in arguments are hidden.",
                answers: [200: "the processes, and which of them nobody needs"],
                parameters: [.limit, .afterNumber], schema: .ref("Processes"), action: .task(list)),
            Endpoint(
                method: .post, path: "/mgmt/processes/{pid}/kill",
                summary:
                    "Ends one of ours and all below it: asks first, then forces. `started` of the listing makes sure "
                    + "that this very process is meant.",
                answers: [
                    200: "it has ended", 403: "it is not ours", 404: "there is no such process",
                    409: "it is no orphan any more",
                ],
                body: .optional(.ref("KillOrder")), schema: .ref("Killed"), action: .task(kill)),
        ]
    }

    private func list(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let page = try Paging(request.query, usual: 1000)
        let census = try await processes.census()
        let after = try page.number
        let rest = census.processes.filter { Int($0.entry.pid) > after }
        let (items, next) = page.cut(Array(rest.prefix(page.limit + 1))) { String($0.entry.pid) }
        var owners: [String: String] = [:]
        for workspace in Set(items.compactMap { $0.mark?.workspace }) { owners[workspace] = try await users(workspace) }
        var answer = JSONWriter()
        answer.object { root in
            root.array("orphans") { list in
                for process in census.processes where process.orphaned != nil {
                    list.object { put(process, owners, &$0) }
                }
            }
            root.array("processes") { list in for process in items { list.object { put(process, owners, &$0) } } }
            root.putNext(next)
            root.member("memory", census.processes.reduce(0) { $0 + $1.entry.residentBytes })
        }
        return .json(answer.finish())
    }

    private func put(_ own: ProcessCensus.Own, _ owners: [String: String], _ process: inout JSONWriter) {
        let entry = own.entry
        process.member("pid", Int(entry.pid))
        process.member("comm", entry.name)
        process.member("args", processes.words(of: entry))
        process.member("parent", Int(entry.parent))
        process.member("group", Int(entry.group))
        process.member("state", String(entry.state))
        process.member("started", Int(clamping: entry.identity.startTime))
        process.member("started_at", JobTime.text(Int64(entry.started * 1000)))
        process.member("age_s", Int(max(0, Double(Access.now()) / 1000 - entry.started)))
        process.member("memory", entry.residentBytes)
        process.member("cpu_ms", Int(entry.cpuTime.milliseconds))
        process.member("role", own.role.rawValue)
        if let mark = own.mark {
            process.member("runner", mark.name)
            process.member("workspace", mark.workspace)
            if let user = owners[mark.workspace] { process.member("user", user) }
        }
        process.member("orphan", own.orphaned != nil)
        if let why = own.orphaned { process.member("reason", why) }
    }

    private func kill(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let order = try await request.fields(["started"])
        var started: UInt64?
        if let value = order["started"] {
            guard let number = value.integer, number >= 0 else {
                throw Fault(.invalidInput, "`started` is no number", hint: "take it from GET /mgmt/processes")
            }
            started = UInt64(number)
        }
        let text = request.parameters["pid"] ?? ""
        guard let pid = Int32(text), pid > 0 else {
            throw Fault(.notFound, "there is no process \"\(text.prefix(40))\"")
        }
        let (count, how) = try await processes.kill(pid, started: started)
        var answer = JSONWriter()
        answer.object {
            $0.member("pid", Int(pid))
            $0.member("ended", count)
            $0.member("how", how)
        }
        return .json(answer.finish())
    }
}
