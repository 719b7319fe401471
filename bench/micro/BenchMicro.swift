import Glibc
import Runtime

/// The measurements that need no other process. Each line is one JSON object.
@main
enum BenchMicro {
    static func main() {
        jsonBench()
        var template = Array("/tmp/perigee-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no temporary directory") }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let failure: String? = Loop.run {
            do {
                try await luaBench()
                try await storeBench(directory: directory)
                return nil
            } catch {
                return "\(error)"
            }
        }
        for name in ["bench.db", "bench.db-wal", "bench.db-shm", "bench.db.lease"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
        if let failure { fatalError(failure) }
    }
}
