local job = require "gc.runners"
local planned = require "planned"

--- What the plan says, as "name: reason".
local function plan() return planned.lines(job) end

describe("runners", function()
  it("go after two idle hours", function()
    fake.runners.set { { name = "a", workspace = "w1", idle = "3h" }, { name = "b", workspace = "w2", idle = "1h" } }
    local goes, stays = plan()
    expect(goes).equals { "a: idle for 3 hours" }
    expect(stays).equals { "b: used 1 hour ago" }
  end)

  it("stay while somebody is on them, however old", function()
    fake.runners.set { { name = "a", leases = 1, idle = "50h", age = "50h" } }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { "a: somebody is on it" }
  end)

  it("go when their user has other keys now", function()
    fake.runners.set {
      { name = "old", workspace = "w1", key_signature = "11111111", age = "2h" },
      { name = "new", workspace = "w1", key_signature = "22222222", age = "1m" },
      { name = "other", workspace = "w2", age = "9h" },
    }
    expect((plan())).equals { "old: its user has other keys now" }
  end)

  it("of one chat, or one run, stay beside the user's own", function()
    fake.runners.set {
      { name = "own", workspace = "w1", idle = "9m" },
      { name = "own-chat-1", workspace = "w1", age = "1m" },
    }
    expect((plan())).equals {}
  end)

  it("go when they failed", function()
    fake.runners.set { { name = "a", state = "failed" } }
    expect((plan())).equals { "a: it failed: nobody knows why" }
  end)
end)
