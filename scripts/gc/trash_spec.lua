local fs = require "host.fs"
local planned = require "planned"
local trash = require "gc.trash"

--- The plan as two lists: what goes and what stays.
local function plan() return planned.lines(trash, "label") end

local function throw_away(name)
  assert(fs.write("work:" .. name, "something"))
  assert(fs.remove("work:" .. name))
end

describe("the trash", function()
  it("keeps everything for a week", function()
    throw_away "old.txt"
    fake.clock.advance "6d"
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { "work:old.txt: removed 6 days ago, goes in 1 day" }
  end)

  it("lets go what was removed a week ago, and nothing else", function()
    throw_away "old.txt"
    fake.clock.advance "5d"
    throw_away "new.txt"
    fake.clock.advance "2d"
    local goes, stays = plan()
    expect(goes).equals { "work:old.txt: removed 7 days ago" }
    expect(#stays).equals(1)
  end)

  it("has nothing to do while it is empty", function()
    local goes, stays = plan()
    expect(#goes + #stays).equals(0)
  end)
end)
