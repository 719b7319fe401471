import Runtime

/// What became of specs, as text for people or JSON for programs.
struct SpecListing {
    let report: SpecReport

    /// Failures one by one, then one line about all.
    func text(_ paint: Paint) -> String {
        var lines: [String] = []
        for result in report.failures {
            guard let failure = result.failure else { continue }
            lines.append("\(paint.bad("failed")) \(paint.bold(result.name))")
            let place = failure.place.map { "\($0): " } ?? ""
            lines += "\(place)\(failure.message)".split(separator: "\n").map { "  \($0)" }
            lines += (failure.mismatch?.difference ?? []).map { "    \(SpecListing.paint($0, paint))" }
            lines += failure.traceback.map { paint.faint("    \($0)") }
            lines.append("")
        }
        lines += report.skipped.map { paint.faint("not run: \($0)") }
        lines.append(summary(paint))
        return lines.joined(separator: "\n") + "\n"
    }

    /// "12 specs, 2 failed (84 ms)"
    private func summary(_ paint: Paint) -> String {
        let count = report.results.count
        let failed = report.failures.count
        let verdict = failed == 0 ? paint.good("none failed") : paint.bad("\(failed) failed")
        return "\(count) spec\(count == 1 ? "" : "s"), \(verdict) (\(report.duration.inMilliseconds) ms)"
    }

    private static func paint(_ line: LineDifference, _ paint: Paint) -> String {
        switch line {
        case .same, .omitted: paint.faint(line.description)
        case .missing: paint.bad(line.description)
        case .surplus: paint.good(line.description)
        }
    }

    /// The same in one object on one line.
    func json() throws -> String {
        let results = report.results.map { result in
            Shown.Result(
                file: result.file, name: result.path, ok: result.failure == nil,
                milliseconds: result.duration.inMilliseconds, failure: result.failure.map(Shown.Failure.init))
        }
        let shown = Shown(
            specs: report.results.count, failed: report.failures.count, milliseconds: report.duration.inMilliseconds,
            results: results, skipped: report.skipped)
        return String(decoding: try JSON.encode(shown), as: UTF8.self) + "\n"
    }

    private struct Shown: Encodable {
        struct Result: Encodable {
            let file: String
            let name: [String]
            let ok: Bool
            let milliseconds: Int64
            let failure: Failure?

            enum CodingKeys: String, CodingKey {
                case file, name, ok, failure
                case milliseconds = "duration_ms"
            }
        }

        struct Failure: Encodable {
            let script: String?
            let line: Int?
            let message: String
            let expected: String?
            let got: String?
            let difference: [String]
            let traceback: [String]

            init(_ failure: SpecFailure) {
                script = failure.script
                line = failure.line
                message = failure.message
                expected = failure.mismatch?.expected
                got = failure.mismatch?.got
                difference = failure.mismatch?.difference.map(\.description) ?? []
                traceback = failure.traceback
            }
        }

        let specs: Int
        let failed: Int
        let milliseconds: Int64
        let results: [Result]
        let skipped: [String]

        enum CodingKeys: String, CodingKey {
            case specs, failed, results, skipped
            case milliseconds = "duration_ms"
        }
    }
}

extension Duration {
    fileprivate var inMilliseconds: Int64 { Int64((self / .milliseconds(1)).rounded()) }
}
