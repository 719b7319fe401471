import Glibc
import Runtime

/// A run's input as a model takes it.
@Loop
enum ProviderRequest {
    /// Of one file; a model takes no larger ones.
    nonisolated static let largestFile = 20 << 20

    static func make(of input: RunInput) async throws -> ModelRequest {
        var messages = input.history.map {
            ModelRequest.Message($0.role == "assistant" ? .assistant : .user, $0.text)
        }
        var parts: [ModelRequest.Part] = input.beside().map { [.text($0)] } ?? []
        for part in input.parts { parts.append(try await read(part, below: input.directory)) }
        messages.append(ModelRequest.Message(.user, parts))
        var request = ModelRequest(messages, system: input.system)
        request.schema = input.schema
        request.effort = input.reasoningEffort
        request.temperature = input.temperature
        request.maxTokens = input.maxTokens
        return request
    }

    private static func read(_ part: RunInput.Part, below directory: String) async throws -> ModelRequest.Part {
        if let text = part.text { return .text(text) }
        let name = part.filename ?? "file"
        var url = part.url ?? ""
        var mime = part.mime?.lowercased() ?? ""
        if url.hasPrefix("file:") {
            let path = try WebPath.path(of: url)
            let bytes = try await BlockingPool.shared.run("reading \(name)") { [directory] in
                try OwnFile.read(path, below: directory, limit: largestFile)
            }
            url = "data:\(mime.isEmpty ? "application/octet-stream" : mime);base64,\(Base64.encode(bytes))"
        }
        if let data = DataAddress(url), mime.isEmpty { mime = data.mime }
        if mime.hasPrefix("image/") { return .image(url: url) }
        guard let data = DataAddress(url) else {
            throw unusable(name, "its address is of no form that can be passed on")
        }
        if mime == "application/pdf" { return .document(url: url, name: name) }
        // Whatever it is called, what is text can be read.
        if let bytes = data.bytes, let text = String(validating: bytes, as: UTF8.self) {
            return .text("File \(name):\n\n\(text)")
        }
        throw unusable(name, "a model takes text, images and PDF, not \(mime.isEmpty ? "this" : mime)")
    }

    private static func unusable(_ name: String, _ reason: String) -> RunFailure {
        RunFailure(.other, "\(name) cannot be given to a model: \(reason)")
    }
}

/// `file:` addresses.
private enum WebPath {
    static func path(of url: String) throws -> String {
        var rest = url.dropFirst("file:".count)
        if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
        if rest.hasPrefix("localhost/") { rest = rest.dropFirst("localhost".count) }
        guard rest.hasPrefix("/") else { throw RunFailure(.other, "a file's address names no absolute path") }
        var bytes: [UInt8] = []
        var left = Array(rest.utf8)[...]
        while let byte = left.popFirst() {
            if byte == UInt8(ascii: "%"), left.count >= 2,
                let decoded = UInt8(String(decoding: left.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(decoded)
                left = left.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Files of the run's own directory, and no others, whatever links say.
private enum OwnFile {
    static func read(_ path: String, below directory: String, limit: Int) throws -> [UInt8] {
        guard let root = resolved(directory), let real = resolved(path), real.hasPrefix("\(root)/") else {
            throw RunFailure(.other, "the file \(path) is not in the directory of the run")
        }
        let descriptor = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw Fault.system("read", path, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw RunFailure(.other, "\(path) is no plain file")
        }
        guard status.st_size <= limit else {
            throw RunFailure(.other, "\(path) is larger than \(Units.describe(bytes: limit))")
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &part, part.count)
            guard count >= 0 else { throw Fault.system("read", path, errno: errno) }
            if count == 0 { break }
            bytes += part[..<count]
        }
        return bytes
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
