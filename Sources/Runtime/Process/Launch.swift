import CLinux
import Glibc

/// What is needed to start a program, checked before anything is started.
///
/// Arguments and environment may hold secrets: messages name the program and nothing else.
struct Launch: Sendable {
    let program: String
    let path: String
    private let arguments: [String]
    private let environment: [String]
    private let options: Subprocess.Options

    init(_ arguments: [String], _ options: Subprocess.Options) throws {
        guard let program = arguments.first, !program.isEmpty else {
            throw Fault(.invalidInput, "a command needs the name of a program")
        }
        guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw Fault(.invalidInput, "\(program.prefix { $0 != "\0" }): an argument holds a NUL character")
        }
        self.program = program
        self.arguments = arguments
        self.options = options
        let variables = Launch.variables(options.environment)
        for (name, value) in variables where name.isEmpty || name.contains("=") || (name + value).utf8.contains(0) {
            throw Fault(.invalidInput, "\(program): the environment holds an unusable name or a NUL character")
        }
        environment = variables.map { "\($0)=\($1)" }.sorted()
        if let directory = options.directory { try Launch.require(directory, for: program) }
        path = try Launch.find(program, variables["PATH"], options.directory)
    }

    /// Starts it; blocks until exec has succeeded or failed.
    func spawn(_ streams: ChildStreams) throws -> Int32 {
        var pid: pid_t = 0
        let error = withPointers(arguments) { argv in
            withPointers(environment) { envp in
                path.withCString { path in
                    withOptionalPointer(options.directory) { directory in
                        var start = clinux_start(
                            path: path, argv: argv, envp: envp, directory: directory,
                            input: streams.childInput.value, output: streams.childOutput.value,
                            errors: streams.childErrors.value, own_session: options.ownSession ? 1 : 0)
                        return clinux_spawn(&start, &pid)
                    }
                }
            }
        }
        streams.closeChildEnds()
        guard error == 0 else { throw fault(error) }
        for limit in options.limits {
            // A child that has ended already needs no limit.
            let code = clinux_limit(pid, limit.resource.rawValue, limit.most)
            guard code == 0 || code == ESRCH else {
                kill(-pid, SIGKILL)
                waitpid(pid, nil, 0)
                throw Fault.system("limit the \(limit.resource) of", program, errno: code)
            }
        }
        return pid
    }

    private func fault(_ code: Int32) -> Fault {
        switch code {
        case E2BIG:
            Fault(.tooLarge, "start \(program): its arguments and environment are too long", hint: "pass data as input")
        case ENOEXEC:
            Fault(.denied, "start \(program): \(path) is not a program for this machine")
        case ENOENT:
            Fault(.notFound, "start \(program): \(path), or the interpreter that it names, is not there")
        default: Fault.system("start", program, errno: code)
        }
    }

    private static func variables(_ environment: Subprocess.Environment) -> [String: String] {
        switch environment {
        case .only(let variables): return variables
        case .inherit(let names, let added):
            var variables: [String: String] = [:]
            for name in names { variables[name] = getenv(name).map { String(cString: $0) } }
            return variables.merging(added) { $1 }
        }
    }

    private static func require(_ directory: String, for program: String) throws {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw Fault.system("start \(program) in", directory, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Fault(.invalidInput, "start \(program) in \(directory): not a directory")
        }
    }

    /// Looks along the child's PATH, else ours; empty and relative entries are passed over.
    private static func find(_ program: String, _ childPath: String?, _ directory: String?) throws -> String {
        if program.contains("/") {
            let seen = program.hasPrefix("/") ? program : "\(directory ?? ".")/\(program)"
            guard access(seen, F_OK) == 0 else { throw Fault.system("start", program, errno: errno) }
            guard isProgram(seen) else { throw notExecutable(program, seen) }
            return program
        }
        let path = childPath ?? getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        var unusable: String?
        for place in path.split(separator: ":") where place.hasPrefix("/") {
            let candidate = "\(place)/\(program)"
            if isProgram(candidate) { return candidate }
            if access(candidate, F_OK) == 0 { unusable = candidate }
        }
        if let unusable { throw notExecutable(program, unusable) }
        throw Fault(
            .notFound, "start \(program): it is not on the PATH", hint: "install it, or add its directory to PATH")
    }

    /// Where a program is, all links followed: along this PATH, or else ours.
    static func place(of program: String, along path: String?) throws -> String {
        let found = try find(program, path, nil)
        guard let full = realpath(found, nil) else { throw Fault.system("find", found, errno: errno) }
        defer { free(full) }
        return String(cString: full)
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    private static func notExecutable(_ program: String, _ path: String) -> Fault {
        Fault(.denied, "start \(program): \(path) may not be executed", hint: "chmod +x it")
    }
}

/// Calls `body` with the strings as a null-terminated array of C strings.
private func withPointers<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}

private func withOptionalPointer<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
}
