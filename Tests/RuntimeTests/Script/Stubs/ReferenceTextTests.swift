import Testing

@testable import Runtime

@Suite("docs/lua.md")
@Loop
struct ReferenceTextTests {
    private let page = ReferenceText(MadeUp.reference).text

    @Test("a kind is shown with the fields of what it returns")
    func kind() {
        #expect(
            page.contains(
                """
                ### posters/

                What hangs on walls.

                | field | type | |
                |---|---|---|
                | `text` | text | What it says. |
                """))
    }

    @Test("a hook is shown with its facts, its decision, and what holds without a script")
    func hook() {
        #expect(
            page.contains(
                """
                ### stamp

                Which stamp?

                ```lua
                function hooks.stamp(letter, next)
                ```

                `letter`, `host.Letter`: What goes out.

                | field | type | |
                |---|---|---|
                | `to`? | text | Who gets it. |

                Decides `"red"`, `"blue"`.

                Where no script decides: The red one.
                """))
    }

    @Test("a module is shown with its functions, constants and classes")
    func module() {
        #expect(
            page.contains(
                """
                ## host.post

                Letters and parcels.

                - `host.post.stamp`, string: What is put on them.

                ### host.post.send

                `host.post.send(to, options?)`: Sends a letter.

                Waits. Returns `nil, err` when it does not work.

                - `to`, text: Who gets it.
                - `options`, `host.post.Options`, optional: How.

                | field | type | |
                |---|---|---|
                | `until`? | duration | Until when it must be there. |

                Other fields may be there.

                - returns `id`, text: Its number.

                ```lua
                local id = post.send("ann", { until = "2d" })
                ```

                ### host.post.forget

                `host.post.forget(end)`: Throws everything away.

                - `end`, `"now"`, `"later"`: When.

                ### host.post.Round (object)

                Letters on their way, one after the other.

                #### round:left

                `round:left()`: How many are left.

                - returns `count`, integer: So many.

                - `x()`: Waits for the next.

                - `local x <close> = …`: Gives up the rest.
                """))
    }

    @Test("the limits are those in force unless set otherwise")
    func limits() {
        var limits = ScriptLimits()
        limits[.hook].computing = .milliseconds(1500)
        #expect(
            ReferenceText(MadeUp.reference, limits: limits).text.contains(
                "| hook | \(Units.describe(.milliseconds(1500))) |"))
        #expect(page.contains("All scripts together may hold 64MB."))
    }
}
