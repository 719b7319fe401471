local job = require "gc.orphans"
local planned = require "planned"

--- What the plan says, as "id: reason".
local function plan() return planned.lines(job) end

describe("orphans", function()
  it("go when they are ours and nobody can use them", function()
    fake.runners.find {
      { id = "c1", standing = "orphan", age = "1h" },
      { id = "c2", standing = "known", age = "1h" },
      { id = "c3", standing = "foreign", age = "1h" },
    }
    local goes, stays = plan()
    expect(goes).equals { "c1: nobody can use it, for 1 hour" }
    expect(stays).equals { "c2: it is in use", "c3: another Perigee started it" }
  end)

  it("stay for a moment, because one that is just being started looks the same", function()
    fake.runners.find { { id = "c1", standing = "orphan", age = "2m" } }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { "c1: started 2 minutes ago" }
  end)

  it("are nothing to do when there are none", function()
    local goes, stays = plan()
    expect(#goes + #stays).equals(0)
  end)
end)
