-- What `make lint` checks in scripts/ (luacheck, Debian's lua-check): Lua 5.4 as Perigee gives it to scripts, which is
-- without io, print and most of os, with the global `host`, and in specs with their words.

stds.perigee = {
  read_globals = {
    "host", "_VERSION", "assert", "collectgarbage", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall",
    "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type",
    "xpcall",
    coroutine = { fields = { "close", "create", "isyieldable", "resume", "running", "status", "wrap", "yield" } },
    debug = { fields = { "traceback" } },
    math = { other_fields = true },
    os = { fields = { "clock", "date", "difftime", "time" } },
    string = { other_fields = true },
    table = { other_fields = true },
    utf8 = { other_fields = true },
  },
}
stds.spec = { read_globals = { "describe", "it", "expect", "fake", "before_each", "after_each" } }

std = "perigee"
files["**/*_spec.lua"].std = "+spec"
-- Generated: declarations without bodies.
exclude_files = { "scripts/types" }
max_line_length = 120
max_cyclomatic_complexity = 15
-- Hooks get what they do not need.
unused_args = false
