import Glibc
import Runtime

extension Command {
    /// Git calls it when it needs a password, in the middle of a run that Perigee began. It is of no use to people, and in
    /// no list of commands.
    static let gitCredential = Command(
        name: RepoHouse.helperCommand, summary: "Answers git's question for a password.",
        usage: "perigee \(RepoHouse.helperCommand) get", details: "", takesText: true
    ) { arguments in
        // Git also tells of passwords that were good or bad, to which there is nothing to say.
        guard arguments.words.first == "get",
            let socket = getenv(CredentialDesk.socketVariable).map({ String(cString: $0) }),
            let token = getenv(CredentialDesk.tokenVariable).map({ String(cString: $0) })
        else { return 0 }
        var question: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while question.count < 16 << 10 {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            question += buffer[..<count]
        }
        let answer = try Loop.result { [question] in
            try await CredentialDesk.ask(question, socket: socket, token: token)
        }
        var left = answer[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return 1 }
            left = left.dropFirst(count)
        }
        return 0
    }
}
