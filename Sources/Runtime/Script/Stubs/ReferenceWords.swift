/// The sentences of docs/lua.md that no table holds.
enum ReferenceWords {
    static let opening = """
        # Scripts

        Who is served, where work runs, what is cleaned up and when: every such decision of Perigee is a Lua file. Copy one
        from `scripts/` to the same place in your own directory (`PERIGEE_SCRIPTS`, `$STATE_DIR/scripts` unless set), change
        it, save it: it is in force at once, or the log says what is wrong with it and the old one serves on. A file of the
        same name replaces the shipped one, another name adds to them.

        `perigee check` finds what is wrong before you save it there, `perigee test` runs the specs beside the scripts,
        `perigee console` is a prompt, and `perigee types DIRECTORY` writes the stubs that let your editor complete and check.
        This page is made from the same tables that do the checking: `perigee types --docs`.

        In the tables a `?` marks what may be left out. A *duration* is text such as `"15m"` or `"1h30m"`, or a number of
        seconds; a *size* is text such as `"10MB"`, or a number of bytes.
        """

    static let hooks = """
        ## Hooks

        A file in `hooks/` returns a table of functions with these names. Each gets facts, which it can read and not write, and
        returns a decision, or `nil, err`. `next` asks the rest of the chain: the files before this one by name, and Perigee
        itself at the end. A hook that only cares for some cases returns `next(…)` for the others. A field that is not known
        is a mistake, and names the nearest one that is. `routes` in the same table holds [HTTP endpoints](#hostroute-table).
        """

    static let modules = """
        # Modules

        `local http = require "host.http"`. Each is a field of the global `host` as well.

        What can fail as the world goes returns `nil, err`, where `err` is a [`host.Error`](#hosterror-table) that prints well, so
        that `assert(http.get(url))` tells the whole story. A mistake in the script, such as a wrong argument, raises an error
        that names the argument. Functions that wait read like any other: others go on meanwhile, and the deadline of the
        request or job holds for them.
        """

    static let lua = """
        # Lua

        Scripts are Lua 5.4. They have its `string`, `table`, `math`, `utf8` and `coroutine`, and of the rest:

        | there is | there is not | instead |
        |---|---|---|
        | `os.time`, `os.date`, `os.clock`, `os.difftime` | `os.execute`, `os.exit`, `os.getenv`, `os.remove`, … | `host.process`, `host.config`, `host.fs` |
        | | `io`, `dofile`, `loadfile` | `host.fs` |
        | `require` of `lib/`, other scripts and `host.*` | `package` | |
        | `load` of text | `load` of bytecode | |
        | `debug.traceback` | the rest of `debug` | |
        | `collectgarbage("count")` | its other options | |
        | `setmetatable` | `__gc` | `local x <close>` |
        | | `print`, `warn` | `host.log` |

        Globals and what `require` gives are read-only: a write raises an error. Keep nothing in Lua between calls: the next
        reload forgets it. What must last belongs into `host.store`.

        A call that computes for longer than about 2 ms lets others go on, and continues. One that is over its limit ends with
        an error that names the script, the line and the limit; nothing else is held up by it.
        """

    static let specs = """
        # Specs

        `hooks/recover_spec.lua` beside `hooks/recover.lua` is its spec: `perigee test` runs it, the server never loads it.

        ```lua
        local recover = require("hooks.recover").recover

        describe("recover", function()
          it("asks instead of running a prompt twice", function()
            local decision = recover({ kind = "agent_gone", started = true, attempt = 1 }, function() end)
            expect(decision).has { action = "ask" }
          end)
        end)
        ```

        `describe(name, body)` groups, `it(name, body)` states one behaviour, `before_each(body)` and `after_each(body)` surround
        each. `expect(x)` has `.equals(y)`, `.is(y)` for the very same, `.has { … }` for a part of a table, `.matches(pattern)`,
        `.contains(part)`, `.fails(text)` for a function that raises, `.is_nil()`, `.is_true()`, `.is_false()`, and `.never` in
        front of any of them. Host modules work as ever, over a world that is made up and new for each `it`; `fake` arranges it.
        """
}
