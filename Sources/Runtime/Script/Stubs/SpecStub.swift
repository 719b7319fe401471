/// The words of specs, for the editor. They are globals of specs only.
@Loop
enum SpecStub {
    static var text: String {
        var lines = ["---@meta _", StubText.notice, ""]
        lines += expectation.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for word in SpecBook().words { lines += StubText.lines(of: word, on: "") + [""] }
        for module in HostModule.describedFakes {
            lines += ["--- \(module.summary)", "---@class \(module.fakeName)", "\(module.fakeName) = {}", ""]
            for function in module.functions {
                lines += StubText.lines(of: function, on: "\(module.fakeName).") + [""]
            }
        }
        return lines.joined(separator: "\n")
    }

    private static let expectation = """
        --- Groups specs, and names what they are about. Stands inside others as well.
        ---@param name string What is described.
        ---@param body fun() Its specs.
        function describe(name, body) end

        --- Begins an expectation about a value: `expect(x).equals(y)`.
        ---@param value any What came.
        ---@param err? any The error that came with it; told when `value` is nil and should not be.
        ---@return spec.Expectation expectation
        function expect(value, err) end

        --- What can be expected. Each raises an error when it does not hold.
        ---@class spec.Expectation
        ---@field never spec.Expectation Turns what follows around.
        ---@field equals fun(wanted: any) Equal; tables by what is in them.
        ---@field is fun(wanted: any) The very same value.
        ---@field has fun(part: table) A table with these fields, and maybe others.
        ---@field matches fun(pattern: string) Text in which the pattern is found.
        ---@field contains fun(part: any) Text with this text in it, or a table with such a value.
        ---@field fails fun(text?: string) A function that raises an error, with this text in it.
        ---@field is_nil fun() Nothing.
        ---@field is_true fun() `true`, and nothing that only counts as true.
        ---@field is_false fun() `false`, and nothing that only counts as false.

        """
}
