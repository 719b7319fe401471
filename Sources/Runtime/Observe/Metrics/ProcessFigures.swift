import Glibc

/// What the kernel knows about this process, under the names that every Prometheus client uses.
enum ProcessFigures {
    @Loop
    static func register(in metrics: Metrics) {
        metrics.gauge("process_resident_memory_bytes", "Memory in use, in bytes.") { residentBytes }
        metrics.gauge("process_virtual_memory_bytes", "Addresses in use, in bytes.") { statm(0) }
        metrics.gauge("process_open_fds", "Open file descriptors.") { openDescriptors }
        metrics.gauge("process_max_fds", "How many file descriptors may be open.") { descriptorLimit }
        metrics.counter("process_cpu_seconds_total", "Processor time used, in seconds.") { processorSeconds }
        metrics.gauge("process_threads", "Threads.") { threads }
        let start = startTime()
        metrics.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.") { start }
    }

    static var residentBytes: Double? { statm(1) }

    private static func statm(_ field: Int) -> Double? {
        guard let text = file("/proc/self/statm") else { return nil }
        let fields = text.split(separator: " ")
        return fields.count > field ? Double(fields[field]).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }

    private static var openDescriptors: Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != 0x2e { count += 1 }
        }
        // The directory that is being read is one of them.
        return Double(count - 1)
    }

    private static var descriptorLimit: Double? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Double(limit.rlim_cur) : nil
    }

    private static var processorSeconds: Double? {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static var threads: Double? { statField(19).flatMap(Double.init) }

    /// The kernel counts in ticks since it booted.
    private static func startTime() -> Double? {
        guard let ticks = statField(21).flatMap(Double.init) else { return nil }
        var sinceBoot = timespec()
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &sinceBoot)
        clock_gettime(CLOCK_REALTIME, &now)
        let booted = Double(now.tv_sec - sinceBoot.tv_sec) + Double(now.tv_nsec - sinceBoot.tv_nsec) / 1e9
        return booted + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Counted from 0 as proc(5) does without 1; the program's name may hold spaces, so count behind its parenthesis.
    private static func statField(_ number: Int) -> String? {
        guard let text = file("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > number - 2 ? String(fields[number - 2]) : nil
    }

    private static func file(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

extension Metrics {
    /// Memory, descriptors, processor time, threads and start of this process.
    @Loop public func addProcessFigures() { ProcessFigures.register(in: self) }
}
