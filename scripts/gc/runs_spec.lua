local job = require "gc.runs"
local planned = require "planned"

--- What the plan says, as "user: reason".
local function plan() return planned.lines(job, function(item) return item.user.key end) end

describe("forgetting runs", function()
  it("forgets answers after 60 days, what was cancelled after 30, and failures after 120", function()
    fake.runs.set {
      { user = "a", ago = "61d" },
      { user = "b", ago = "59d" },
      { user = "c", state = "cancelled", ago = "31d" },
      { user = "d", state = "failed", ago = "119d" },
      { user = "e", state = "interrupted", ago = "121d" },
    }
    expect(plan()).equals {
      "a: succeeded 61 days ago",
      "c: cancelled 31 days ago",
      "e: interrupted 121 days ago",
    }
  end)

  it("keeps what is pinned, and what has not ended however old it is", function()
    fake.runs.set {
      { user = "a", ago = "400d", pinned = true },
      { user = "b", state = "blocked", ago = "400d" },
    }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { "a: it is pinned", "b: it has not ended" }
  end)

  it("stops at the first that is young, because runs come in the order of their times", function()
    fake.runs.set { { user = "a", ago = "2d" }, { user = "b", ago = "200d" } }
    expect(plan()).equals {}
  end)

  it("reads page after page", function()
    local many = {}
    for number = 1, 1203 do
      many[number] = { id = ("run %05d"):format(number), user = "u" .. number, ago = "90d" }
    end
    fake.runs.set(many)
    local goes = plan()
    expect(#goes).equals(1203)
    expect(goes[1203]).equals "u1203: succeeded 90 days ago"
  end)
end)
