import Testing

@testable import Runtime

@Suite("session locals")
struct SessionLocalsTests {
    @Test(
        "outermost locals become variables, and nothing moves to another line",
        arguments: [
            ("local x = 1", ";     x = 1"), ("local x", ";     x = nil"), ("local x, y", ";     x, y = nil"),
            ("local x, y = f()", ";     x, y = f()"), ("local function f() end", ";     function f() end"),
            ("local a\nlocal b = 2", ";     a = nil\n;     b = 2"), ("x = 1 local y = 2", "x = 1 ;     y = 2"),
            ("local a <const> = 1", ";     a         = 1"), ("local a <const>, b", ";     a        , b = nil"),
            ("local t = a == b", ";     t = a == b"), ("local t = { a = 1 }", ";     t = { a = 1 }"),
            ("local s = [==[ local ]==]", ";     s = [==[ local ]==]"),
            ("local s = 'it\\'s local' local u", ";     s = 'it\\'s local' ;     u = nil"),
            ("-- local x\nlocal y = 1", "-- local x\n;     y = 1"),
            ("--[[ local\nx ]] local y = 1", "--[[ local\nx ]] ;     y = 1"),
        ])
    func outermost(code: String, rewritten: String) { #expect(SessionLocals.rewriting(code) == rewritten) }

    @Test(
        "inner locals, locals that are closed, and what is no declaration stay",
        arguments: [
            "function f() local x = 1 end", "if a then local x = 1 else local y = 2 end", "do local x end",
            "for i = 1, 2 do local x = i end", "while a do local x end", "repeat local x until x",
            "return function() local x end", "local f <close> = open()", "local a, f <close> = open()", "local",
            "local 1 = 2", "x.local_ = 1", "f(\"local x = 1\")", "s = [[ local x", "s = 'local x", "--[[ local x = 1",
        ])
    func others(code: String) { #expect(SessionLocals.rewriting(code) == code) }

    @Test("after a block that has ended, locals are outermost again")
    func afterBlocks() {
        let blocks = [
            "if a then b() elseif c then d() end", "while a do b() end", "for k in pairs(t) do f(k) end",
            "repeat f() until g()", "do f() end", "function f() if a then return end end", "t = { function() end }",
        ]
        for block in blocks {
            #expect(SessionLocals.rewriting("\(block) local x = 1") == "\(block) ;     x = 1")
        }
    }

    @Test(
        "what stands at the end of a line to be completed",
        arguments: [
            ("", [], "", false), ("ho", [], "ho", false), ("host.", ["host"], "", false),
            ("host.http.ge", ["host", "http"], "ge", false), ("x = host.ti", ["host"], "ti", false),
            ("f(ns:ge", ["ns"], "ge", true), ("a.b:c", ["a", "b"], "c", true),
        ] as [(String, [String], String, Bool)])
    func completing(text: String, path: [String], beginning: String, isMethod: Bool) {
        let completion = ConsoleCompletion(text)
        #expect(completion.path == path)
        #expect(completion.beginning == beginning)
        #expect(completion.isMethod == isMethod)
    }
}
