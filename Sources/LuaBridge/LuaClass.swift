/// What scripts can do with a kind of Swift object. Make it, add its methods, then `LuaState.define` it.
public class LuaObjectType: Equatable {
    public let name: String
    private(set) var methods: [String: LuaHostFunction] = [:]

    fileprivate init(_ name: String) { self.name = name }

    public static func == (left: LuaObjectType, right: LuaObjectType) -> Bool { left === right }

    fileprivate func add(_ method: String, _ function: LuaHostFunction) { methods[method] = function }
}

/// The names `__tostring`, `__close`, `__call` and `__len` define what Lua does with the object itself. An object is
/// released when Lua's collector or the state's end finds it unused.
public final class LuaClass<Object: AnyObject>: LuaObjectType {
    public override init(_ name: String) { super.init(name) }

    public func method(_ method: String, _ body: @escaping (Object, inout LuaCall) throws -> Void) {
        add(
            method,
            LuaHostFunction("\(name):\(method)") { [unowned self] call in
                try body(call.object(self, "self"), &call)
            })
    }

    public func waitingMethod(_ method: String, _ body: @escaping (Object, inout LuaCall) async throws -> Void) {
        add(
            method,
            LuaHostFunction(waiting: "\(name):\(method)") { [unowned self] call in
                try await body(call.object(self, "self"), &call)
            })
    }

    /// The object as a value that can cross.
    public func value(_ object: Object) -> LuaValue { .object(LuaObject(object: object, type: self)) }
}

/// A Swift object on its way to or from Lua.
public struct LuaObject: Equatable {
    public let object: AnyObject
    public let type: LuaObjectType

    public static func == (left: LuaObject, right: LuaObject) -> Bool { left.object === right.object }
}
