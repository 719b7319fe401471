/// A strict reader of Prometheus' text form 0.0.4, after its grammar, so that the writer is not its own judge.
struct PrometheusText {
    struct Malformed: Error {
        let line: String
        let reason: String
    }

    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var types: [String: String] = [:]
    private(set) var help: [String: String] = [:]
    private(set) var samples: [Sample] = []
    private var family = ""

    init(_ bytes: [UInt8]) throws {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed(line: "", reason: "UTF-8") }
        guard text.isEmpty || text.hasSuffix("\n") else { throw Malformed(line: "", reason: "no final newline") }
        for line in text.split(separator: "\n") { try read(String(line)) }
        try checkHistograms()
    }

    subscript(name: String, labels: [String: String]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func read(_ line: String) throws {
        if line.hasPrefix("# ") {
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            guard parts.count >= 3, Self.isName(parts[2]) else { throw Malformed(line: line, reason: "comment") }
            if parts[1] == "HELP" {
                guard help.updateValue(parts.count > 3 ? parts[3] : "", forKey: parts[2]) == nil else {
                    throw Malformed(line: line, reason: "HELP twice")
                }
            } else {
                guard parts[1] == "TYPE", parts.count == 4, ["counter", "gauge", "histogram"].contains(parts[3]),
                    types.updateValue(parts[3], forKey: parts[2]) == nil, help[parts[2]] != nil
                else { throw Malformed(line: line, reason: "TYPE") }
                family = parts[2]
            }
            return
        }
        let sample = try Self.sample(line)
        let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { sample.name == family + $0 }) else {
            throw Malformed(line: line, reason: "outside its family \(family)")
        }
        guard self[sample.name, sample.labels] == nil else { throw Malformed(line: line, reason: "series twice") }
        samples.append(sample)
    }

    private static func sample(_ line: String) throws -> Sample {
        var rest = Substring(line)
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        rest = rest.dropFirst(name.count)
        guard isName(name) else { throw Malformed(line: line, reason: "name") }
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest = rest.dropFirst()
                let label = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(label.count)
                guard isName(label), !label.contains(":"), rest.hasPrefix("=\"") else {
                    throw Malformed(line: line, reason: "label")
                }
                rest = rest.dropFirst(2)
                guard labels.updateValue(try value(&rest, line), forKey: label) == nil else {
                    throw Malformed(line: line, reason: "label twice")
                }
            } while rest.first == ","
            guard rest.first == "}" else { throw Malformed(line: line, reason: "end of labels") }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let number = number(String(rest.dropFirst())) else {
            throw Malformed(line: line, reason: "value")
        }
        return Sample(name: name, labels: labels, value: number)
    }

    private static func value(_ rest: inout Substring, _ line: String) throws -> String {
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\" else {
                value.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": value.append("\n")
            case "\\": value.append("\\")
            case "\"": value.append("\"")
            default: throw Malformed(line: line, reason: "escape")
            }
        }
        return value
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.utf8.allSatisfy { "0123456789.+-e".utf8.contains($0) } ? Double(text) : nil
        }
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.first, !first.isNumber else { return false }
        return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    }

    /// Buckets rise, end with +Inf, and agree with the count.
    private func checkHistograms() throws {
        for (name, type) in types where type == "histogram" {
            for count in samples where count.name == "\(name)_count" {
                let buckets = samples.filter { sample in
                    var labels = sample.labels
                    labels["le"] = nil
                    return sample.name == "\(name)_bucket" && labels == count.labels
                }
                let bounds = buckets.compactMap { $0.labels["le"].flatMap(Self.number) }
                guard bounds.count == buckets.count, bounds.last == .infinity, bounds == bounds.sorted(),
                    buckets.map(\.value) == buckets.map(\.value).sorted(), buckets.last?.value == count.value,
                    self["\(name)_sum", count.labels] != nil
                else { throw Malformed(line: name, reason: "histogram") }
            }
        }
    }
}
