--- Removes branches that worktrees left on the server, once they are merged and their worktree is gone.
--- It is off, because it changes what others see: copy it to your own scripts without `enabled = false` to use it.

local git = require "host.git"
local repos = require "host.repos"
local time = require "host.time"

-- Branches that Perigee made; those of people are theirs.
local OURS = "^perigee/"
-- People may still look at what was merged lately.
local GRACE = time.days(7)

--- Lists one of our branches as what stays, or as what goes.
---@param branch host.Branch
---@param add host.PlanAdd
local function judge(branch, add)
  local age = time.since(branch.at)
  if branch.worktree then
    add.keep(branch, "its worktree is still there")
  elseif not branch.merged then
    add.keep(branch, "it is not merged")
  elseif age < GRACE then
    add.keep(branch, "its last commit is " .. time.human(age) .. " old")
  else
    add.remove(branch, "it is merged, and its worktree is gone")
  end
end

return {
  name = "branches",
  description = "Removes merged branches of worktrees that are gone, on the server too.",
  schedule = "50 3 * * 0",
  jitter = "20m",
  enabled = false,

  --- Yields while branches are listed.
  plan = function(add)
    for _, repo in ipairs(assert(repos.list())) do
      for _, branch in ipairs(git.branches(repo.name) or {}) do
        -- Others are not ours to speak of.
        if not branch.default and branch.name:find(OURS) then
          judge(branch, add)
        end
      end
    end
  end,
}
