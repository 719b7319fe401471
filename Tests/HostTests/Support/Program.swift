import Glibc
import Runtime
import TestSupport

/// The built program as its users meet it: a process with arguments, an environment, and two streams.
struct Program {
    struct Result {
        let code: Int32
        let output: String
        let errors: String
    }

    /// The executable beside the test runner's.
    static let path = built("perigee")

    /// An executable that was built with the tests.
    static func built(_ name: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/\(name)"
    }

    /// Runs to the end. The environment holds only what is given, and PATH and HOME.
    @Loop
    static func run(
        _ arguments: [String], environment: [String: String] = [:], directory: String = "/",
        input: String = ""
    ) async throws -> Result {
        let result = try await Subprocess.run(
            [path] + arguments,
            .init(
                environment: .only(base.merging(environment) { $1 }), directory: directory,
                input: .bytes(Array(input.utf8))))
        return Result(code: result.exitCode, output: result.outputText, errors: result.errorText)
    }

    /// What the sanitizers are told goes with it; see the Makefile.
    static let base: [String: String] = {
        var values = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "SWIFT_BACKTRACE": "enable=no"]
        // Not the test runner's own options for the address sanitizer: here leaks are looked for.
        for name in ["LSAN_OPTIONS", "TSAN_OPTIONS"] { values[name] = TestEnvironment.value(of: name) }
        return values
    }()
}
