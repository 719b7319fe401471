local job = require "gc.workspaces"
local planned = require "planned"

--- What the plan says, as "label: reason".
local function plan() return planned.lines(job, "label") end

describe("workspaces of removed users", function()
  it("are kept for a month, and go then", function()
    fake.users.set { { user = "ann", removed = "31d" }, { user = "bob", removed = "10d" }, { user = "carl" } }
    local goes, stays = plan()
    expect(goes).equals { "ann: removed 31 days ago" }
    expect(stays).equals { "bob: removed 10 days ago, goes in 20 days" }
  end)

  it("are read page after page", function()
    local many = {}
    for number = 1, 1001 do
      many[number] = { user = ("u%05d"):format(number), removed = "40d" }
    end
    fake.users.set(many)
    expect(#plan()).equals(1001)
  end)
end)
