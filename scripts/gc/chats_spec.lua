local job = require "gc.chats"
local planned = require "planned"

--- What the plan says, as "label: reason".
local function plan() return planned.lines(job, "label") end

describe("forgetting chats", function()
  it("forgets chats after half a year, and agents after a month", function()
    fake.runs.chats {
      { user = "ann", chat = "old", ago = "181d" },
      { user = "ann", chat = "young", ago = "179d" },
    }
    fake.workspaces.agents {
      { workspace = "w", agent = "izzy", ago = "31d" },
      { workspace = "w", agent = "scribe", ago = "29d" },
    }
    expect(plan()).equals { "old of ann: unused for 181 days", "izzy in w: unused for 31 days" }
  end)

  it("keeps a chat of which a run is pinned", function()
    fake.runs.chats { { user = "ann", chat = "dear", ago = "400d", pinned = true } }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { "dear of ann: one of its runs is pinned" }
  end)

  it("reads page after page", function()
    local many = {}
    for number = 1, 1001 do
      many[number] = { user = "ann", chat = ("c%05d"):format(number), ago = "200d" }
    end
    fake.runs.chats(many)
    expect(#plan()).equals(1001)
  end)
end)
