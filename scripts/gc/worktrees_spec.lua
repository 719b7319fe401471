local job = require "gc.worktrees"
local planned = require "planned"

--- What the plan says, as "id: reason".
local function plan() return planned.lines(job) end

describe("worktrees", function()
  it("go after two weeks without use", function()
    fake.git.worktrees { { id = "old", ago = "14d" }, { id = "young", ago = "13d" } }
    local goes, stays = plan()
    expect(goes).equals { "old: unused for 14 days, and nothing in it is lost" }
    expect(stays).equals {}
  end)

  it("stay with work that nobody else has", function()
    fake.git.worktrees {
      { id = "a", ago = "90d", uncommitted = 2 },
      { id = "b", ago = "90d", unpushed = 3 },
      { id = "c", ago = "90d", unreadable = true },
    }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals {
      "a: 2 uncommitted files", "b: 3 unpushed commits", "c: it cannot be looked at: the worktree c cannot be read",
    }
  end)

  it("stay while they are pinned or in use", function()
    fake.git.worktrees { { id = "a", ago = "90d", pinned = true }, { id = "b", ago = "90d", busy = true } }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { "a: it is pinned", "b: somebody is at work in it" }
  end)

  it("are read page after page", function()
    local many = {}
    for number = 1, 1001 do
      many[number] = { id = ("t%05d"):format(number), ago = "20d" }
    end
    fake.git.worktrees(many)
    expect(#plan()).equals(1001)
  end)
end)

describe("repositories", function()
  it("go when no worktree has needed them for a month", function()
    fake.git.worktrees { { id = "t", repo = "acme/used", ago = "1d" } }
    fake.git.repos {
      { name = "acme/used", ago = "60d" },
      { name = "acme/unused", ago = "31d" },
      { name = "acme/new", ago = "29d" },
      { name = "acme/dear", ago = "60d", pinned = true },
    }
    local goes, stays = plan()
    expect(goes).equals { "acme/unused: no worktree for 31 days" }
    expect(stays).equals { "acme/dear: it is pinned" }
  end)
end)
