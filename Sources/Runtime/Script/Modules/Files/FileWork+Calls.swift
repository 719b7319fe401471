import CLinux
import Glibc

// The kernel's calls on open directories, with their errors in words.

extension FileWork {
    static func status(of file: Descriptor, _ place: FilePlace) throws -> stat {
        var status = stat()
        guard fstat(file.value, &status) == 0 else { throw place.fault("look at", errno: errno) }
        return status
    }

    /// Of a link, not of what it points to.
    static func status(of name: String, in directory: Descriptor, _ place: FilePlace) throws -> stat {
        var status = stat()
        guard fstatat(directory.value, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw place.fault("look at", errno: errno)
        }
        return status
    }

    /// Names in no order, at most `limit` of them. What is not UTF-8 in one is repaired, and so leads nowhere.
    static func names(in directory: Descriptor, _ place: FilePlace, limit: Int = .max) throws -> [String] {
        try rawNames(in: directory, place, limit: limit).map { name in
            String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// The same as the kernel has them, each with its NUL.
    static func rawNames(in directory: Descriptor, _ place: FilePlace, limit: Int = .max) throws -> [[CChar]] {
        let copy = clinux_open_within(directory.value, ".", O_RDONLY | O_DIRECTORY, 0)
        guard copy >= 0, let stream = fdopendir(copy) else { throw place.fault("list", errno: errno) }
        defer { closedir(stream) }
        let (here, above) = (Array(".".utf8CString), Array("..".utf8CString))
        var names: [[CChar]] = []
        while names.count < limit {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw place.fault("list", errno: errno) }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            if name != here && name != above { names.append(name) }
        }
        return names
    }

    /// A new file with this content, on the disk when it returns.
    static func create(
        _ name: String, in directory: Descriptor, _ bytes: [UInt8], mode: mode_t, _ place: FilePlace
    ) throws {
        let number = clinux_open_within(directory.value, name, O_WRONLY | O_CREAT | O_EXCL, mode)
        guard number >= 0 else { throw place.fault("write", errno: errno) }
        let file = Descriptor(number)
        // The process's mask must not make a file smaller than the one it replaces.
        _ = fchmod(file.value, mode)
        try write(bytes, to: file, place)
        try sync(file, place)
    }

    static func write(_ bytes: [UInt8], to file: Descriptor, _ place: FilePlace) throws {
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes {
                Glibc.write(file.value, $0.baseAddress! + written, bytes.count - written)
            }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else { throw place.fault("write", errno: errno) }
            written += result
        }
    }

    static func sync(_ file: Descriptor, _ place: FilePlace) throws {
        guard fsync(file.value) == 0 else { throw place.fault("save", errno: errno) }
    }
}
