extension Response {
    /// A failure as a problem document (RFC 9457): the one shape of errors where no door has its own.
    public static func problem(_ fault: Fault, status: Int? = nil) -> Response {
        let status = status ?? fault.kind.status
        var text = #"{"type":"about:blank","title":"\#(Status.reason(status))","status":\#(status),"detail":"#
        text += quoted(fault.message)
        text += #","kind":"\#(fault.kind.rawValue)""#
        if let hint = fault.hint { text += #","hint":"# + quoted(hint) }
        if fault.isRetryable { text += #","retryable":true"# }
        return Response(status, mediaType: "application/problem+json", body: .bytes(Array((text + "}").utf8)))
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\0"..." ":
                let hex = String(scalar.value, radix: 16)
                result += scalar == " " ? " " : "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
