import Runtime

/// Arguments of a process without what looks like a secret, whoever put it there.
enum ArgumentMask {
    private static let beginnings = ["sk-", "pk_", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "AKIA", "eyJ"]

    /// In one line; the kernel's name in brackets where there are no arguments.
    static func text(_ arguments: [String], name: String) -> String {
        guard !arguments.isEmpty else { return "[\(name)]" }
        var shown: [String] = []
        var hidesNext = false
        for argument in arguments {
            shown.append(hidesNext ? Redactor.mark : masked(argument))
            hidesNext = !hidesNext && announces(argument)
        }
        return shown.joined(separator: " ").replacing("\n", with: " ")
    }

    private static func masked(_ argument: String) -> String {
        if let mark = argument.firstIndex(of: "=") {
            let name = argument[..<mark].drop { $0 == "-" }
            if Redactor.isSensitive(name: String(name)) { return "\(argument[...mark])\(Redactor.mark)" }
        }
        let words = argument.split(separator: " ", omittingEmptySubsequences: false)
        return words.map { word in
            word.count >= 12 && beginnings.contains { word.hasPrefix($0) } ? Redactor.mark : String(word)
        }.joined(separator: " ")
    }

    /// `--password`, after which the secret stands.
    private static func announces(_ argument: String) -> Bool {
        argument.hasPrefix("-") && !argument.contains("=")
            && Redactor.isSensitive(name: String(argument.drop { $0 == "-" }))
    }
}
