local job = require "gc.branches"
local planned = require "planned"

--- What the plan says, as "name: reason".
local function plan() return planned.lines(job, "name") end

describe("branches", function()
  it("go when they are ours, merged, and their worktree is gone", function()
    fake.git.repos { { name = "acme/app" } }
    fake.git.branches {
      { repo = "acme/app", name = "main", merged = true, ago = "90d" },
      { repo = "acme/app", name = "feature", merged = true, ago = "90d" },
      { repo = "acme/app", name = "perigee/done", merged = true, ago = "8d" },
      { repo = "acme/app", name = "perigee/fresh", merged = true, ago = "6d" },
      { repo = "acme/app", name = "perigee/open", ago = "90d" },
      { repo = "acme/app", name = "perigee/used", merged = true, worktree = "used", ago = "90d" },
    }
    local goes, stays = plan()
    expect(goes).equals { "perigee/done: it is merged, and its worktree is gone" }
    expect(stays).equals {
      "perigee/fresh: its last commit is 6 days old", "perigee/open: it is not merged",
      "perigee/used: its worktree is still there",
    }
  end)

  it("are not removed unless the owner wants it", function() expect(job.enabled).equals(false) end)
end)
