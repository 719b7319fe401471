local job = require "gc.snapshots"
local planned = require "planned"

--- What the plan says, as "id: reason".
local function plan() return planned.lines(job) end

describe("snapshots", function()
  it("go when nobody used them for a month", function()
    fake.disk.snapshots { { id = "a", ago = "31d" }, { id = "b", ago = "29d" } }
    local goes, stays = plan()
    expect(goes).equals { "a: unused for 31 days" }
    expect(stays).equals { "b: used 29 days ago" }
  end)

  it("stay while somebody is at work there, with all that is beside them", function()
    fake.disk.snapshots { { id = "a", ago = "90d", busy = true }, { id = "a/tmp_pack_1", rest = true, busy = true } }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(#stays).equals(2)
  end)

  it("lose what their upkeep left half done", function()
    fake.disk.snapshots { { id = "a" }, { id = "a/tmp_pack_1", rest = true, ago = "2h" } }
    expect((plan())).equals { "a/tmp_pack_1: left half done 2 hours ago" }
  end)
end)
