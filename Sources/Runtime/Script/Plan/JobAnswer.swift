public import LuaBridge

/// What a job's `run` function returned, in words for its history: `return "3 sent"`, or `return nil, err`.
public struct JobAnswer: Sendable, Equatable {
    public let message: String
    public let isFailure: Bool

    public init(_ results: [LuaValue]) {
        let first = results.first ?? .nil
        let second = results.count > 1 ? results[1] : .nil
        switch first {
        case .nil where second != .nil, .bool(false) where second != .nil:
            message = JobAnswer.words(second)
            isFailure = true
        default:
            message = JobAnswer.words(first)
            isFailure = false
        }
    }

    private static func words(_ value: LuaValue) -> String {
        switch value {
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .table, .array: value["message"]?.string ?? json(value)
        default: value.string ?? ""
        }
    }

    private static func json(_ value: LuaValue) -> String {
        var parcel = Parcel(capacity: 256)
        parcel.put(value)
        // What has no form in JSON, such as a function, is not worth a failed job.
        let text = try? JSON.text(of: parcel)
        return text.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
