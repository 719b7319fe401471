internal import CLua

/// A compiled script, made on any thread, to be loaded into any state. It never leaves the process: Lua trusts it.
public struct LuaCode: Sendable {
    let bytes: [UInt8]

    public var count: Int { bytes.count }

    /// `script` is its path, which errors name; `memory` bounds what compiling may use.
    public init(compiling text: [UInt8], script: String, memory: Int) throws {
        var code = clua_code()
        defer { clua_free_code(&code) }
        let kind = text.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                clua_compile($0.baseAddress, $0.count, "@" + script, memory, &code)
            }
        }
        let result = UnsafeBufferPointer(start: code.bytes, count: code.count)
        guard kind == 0 else {
            let message = String(decoding: result, as: UTF8.self)
            let kind = kind == Int32(CLUA_KIND_MEMORY.rawValue) ? LuaError.Kind.memory : .syntax
            let place = kind == .syntax ? LuaError.place(in: message) : nil
            throw LuaError(kind, message, script: script, line: place?.line)
        }
        bytes = Array(result)
    }
}
