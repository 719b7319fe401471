local push = require("hooks.push").push

--- What is decided for a push with these fields.
local function decided(fields)
  local facts = {
    worktree = "t1", repo = "acme/app", manager = false, branch = "perigee/t1", own_branch = "perigee/t1",
    base_branch = "main", default_branch = "main", force = false,
  }
  for name, value in pairs(fields) do
    facts[name] = value
  end
  return push(facts)
end

describe("push", function()
  it("sends the worktree's own branch as it is", function()
    expect(decided {}).has { branch = "perigee/t1", rebase = false }
  end)

  it("puts commits on what is there, where others push too", function()
    expect(decided { branch = "main" }).has { branch = "main", rebase = true }
  end)

  it("does what was asked for in so many words", function()
    expect(decided { branch = "main", rebase = false }).has { rebase = false }
    expect(decided { rebase = true }).has { branch = "perigee/t1", rebase = true }
  end)
end)
