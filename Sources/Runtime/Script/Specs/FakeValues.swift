import LuaBridge

// What specs write about the world, as the fakes take it.

extension LuaValue {
    /// The elements of a list, or the one thing that it is: an empty table is one with all left out.
    var eachOrOne: [LuaValue] {
        if case .array(let values) = self, !values.isEmpty { values } else { [self] }
    }
}

extension FakeAnswer {
    init(_ options: HostOptions) throws {
        if let kind = options.text("fails").flatMap(Fault.Kind.init) {
            self = .failure(Fault(kind, "the spec makes this request fail"))
            return
        }
        var headers = Headers(options.options("headers").pairs.map { ($0.name, $0.value.string ?? "") })
        var pieces = options.list("pieces").map { Array($0.utf8) }
        if options["json"] != .nil {
            pieces = [try options["json"].canonicalJSON()]
            if headers["content-type"] == nil { headers["content-type"] = "application/json" }
        } else if let body = options.bytes("body") {
            pieces = [body]
        }
        let ending: Ending =
            switch options.text("ends") {
            case "broken": .broken(Fault(.unavailable, "the connection broke off"))
            case "silent": .silent
            default: .whole
            }
        self.init(options.integer("status").map(Int.init) ?? 200, headers: headers, pieces: pieces, ending: ending)
    }
}

extension FakeProcesses.Outcome {
    init(_ options: HostOptions) throws {
        if let kind = options.text("fails").flatMap(Fault.Kind.init) {
            self = .fails(Fault(kind, "the spec makes this command fail"))
        } else if options.bool("hangs") == true {
            self = .hangs
        } else {
            let signal = options.integer("signal").map(Int.init)
            self = .ends(
                WorldCommandResult(
                    code: signal == nil ? options.integer("code").map(Int.init) ?? 0 : nil, signal: signal,
                    output: options.bytes("stdout") ?? [], errors: options.bytes("stderr") ?? []))
        }
    }
}

extension WorldCommand {
    var luaValue: LuaValue {
        [
            "argv": .array(argv.map { .string($0) }), "input": .bytes(input),
            "env": .table(Dictionary(uniqueKeysWithValues: environment.map { (.string($0), .string($1)) })),
            "directory": directory.map { .string($0) } ?? .nil,
        ]
    }
}

extension ProcessEntry {
    init(_ options: HostOptions) {
        let pid = Int32(options.integer("pid") ?? 1)
        self.init(
            identity: ProcessIdentity(pid: pid, startTime: UInt64(pid), bootID: "spec"),
            parent: Int32(truncatingIfNeeded: options.integer("ppid") ?? 1), group: pid, session: pid, userID: 1000,
            state: "S", name: options.text("command") ?? "program", arguments: options.list("argv"),
            residentBytes: options.size("memory") ?? 0, cpuTime: .zero, directory: options.text("cwd"),
            started: options.number("started") ?? SpecWorld.noon)
    }
}
