import Glibc
import Runtime

/// What the two sides of `/mgmt/console` say to each other, one JSON object a message.
enum ConsoleMessage {
    /// What a client asks for. `id` is the client's own and comes back with each answer.
    enum Request: Equatable {
        case evaluate(id: Int, code: String)
        case complete(id: Int, text: String)
        case cancel(id: Int)

        init?(_ text: String) {
            // Who sends something else is told so by the end of the session.
            guard let message = try? JSON.parse(text) else { return nil }
            if let id = message["cancel"].integer {
                self = .cancel(id: id)
            } else if let id = message["id"].integer, let code = message["code"].string {
                self = .evaluate(id: id, code: code)
            } else if let id = message["id"].integer, let text = message["complete"].string {
                self = .complete(id: id, text: text)
            } else {
                return nil
            }
        }

        var text: String {
            ConsoleMessage.text { message in
                switch self {
                case .cancel(let id): message.member("cancel", id)
                case .evaluate(let id, let code):
                    message.member("id", id)
                    message.member("code", code)
                case .complete(let id, let text):
                    message.member("id", id)
                    message.member("complete", text)
                }
            }
        }
    }

    /// What a client gets.
    enum Reply: Equatable {
        case hello(generation: Int, version: String, process: Int)
        case output(id: Int, [String])
        case answer(id: Int, ConsoleAnswer, output: [String])
        case candidates(id: Int, [ConsoleCandidate])

        init?(_ text: String) {
            // What is no JSON is no reply.
            guard let message = try? JSON.parse(text) else { return nil }
            let hello = message["hello"]
            if hello.exists {
                self = .hello(
                    generation: hello["generation"].integer ?? 0, version: hello["version"].string ?? "",
                    process: hello["pid"].integer ?? 0)
                return
            }
            guard let id = message["id"].integer else { return nil }
            let output = message["output"].elements.compactMap(\.string)
            if let ok = message["ok"].bool {
                self = .answer(id: id, Reply.answer(message, ok), output: output)
            } else if message["candidates"].exists {
                self = .candidates(
                    id: id,
                    message["candidates"].elements.map {
                        ConsoleCandidate($0["text"].string ?? "", $0["summary"].string ?? "")
                    })
            } else {
                self = .output(id: id, output)
            }
        }

        private static func answer(_ message: JSONView, _ ok: Bool) -> ConsoleAnswer {
            if ok { return .values(message["values"].elements.compactMap(\.string)) }
            if message["incomplete"].bool == true { return .incomplete }
            return .failed(
                ConsoleFailure(
                    message: message["error"]["message"].string ?? "",
                    traceback: message["error"]["traceback"].string ?? ""))
        }
    }

    static func hello(generation: Int) -> String {
        text { message in
            message.object("hello") {
                $0.member("version", Version.current)
                $0.member("pid", Int(getpid()))
                $0.member("generation", generation)
            }
        }
    }

    static func output(_ id: Int, _ lines: [String]) -> String {
        text { message in
            message.member("id", id)
            message.array("output") { list in for line in lines { list.value(line) } }
        }
    }

    /// `output` is what was printed and has not been sent before.
    static func answer(_ id: Int, _ answer: ConsoleAnswer, output: [String]) -> String {
        text { message in
            message.member("id", id)
            switch answer {
            case .values(let values):
                message.member("ok", true)
                message.array("values") { list in for value in values { list.value(value) } }
            case .incomplete:
                message.member("ok", false)
                message.member("incomplete", true)
            case .failed(let failure):
                message.member("ok", false)
                message.object("error") {
                    $0.member("message", failure.message)
                    $0.member("traceback", failure.traceback)
                }
            }
            message.array("output") { list in for line in output { list.value(line) } }
        }
    }

    static func candidates(_ id: Int, _ candidates: [ConsoleCandidate]) -> String {
        text { message in
            message.member("id", id)
            message.array("candidates") { list in
                for candidate in candidates {
                    list.object {
                        $0.member("text", candidate.text)
                        $0.member("summary", candidate.summary)
                    }
                }
            }
        }
    }

    private static func text(_ contents: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.object(contents)
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
