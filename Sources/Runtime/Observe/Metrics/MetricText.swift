/// The rules of the text form, version 0.0.4.
enum MetricText {
    static func escaped(_ label: String) -> String {
        guard label.utf8.contains(where: { $0 == 0x5c || $0 == 0x22 || $0 == 0x0a }) else { return label }
        var text = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

enum MetricNumber {
    /// Go's spelling, which every reader of the format understands.
    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if number == number.rounded(), number.magnitude < 1e15 { return String(Int64(number)) }
        return number.description
    }
}

extension LineText {
    mutating func putSample(_ name: String, _ labels: String, _ value: Double?) {
        guard let value else { return }
        putSample(name, labels, number: MetricNumber.text(value))
    }

    mutating func putSample(_ name: String, _ labels: String, integer: Int) {
        putSample(name, labels, number: String(integer))
    }

    private mutating func putSample(_ name: String, _ labels: String, number: String) {
        put(plain: name)
        if !labels.isEmpty {
            put("{")
            put(plain: labels)
            put("}")
        }
        put(" ")
        put(plain: number)
        put("\n")
    }

    mutating func putHelp(_ help: String) {
        for byte in help.utf8 {
            switch byte {
            case 0x5c: put("\\\\")
            case 0x0a: put("\\n")
            default: bytes.append(byte)
            }
        }
    }
}
