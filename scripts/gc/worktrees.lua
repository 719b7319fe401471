--- Moves worktrees that nobody has used for two weeks to the trash, and forgets repositories that no worktree needs.
--- Nothing with uncommitted or unpushed work is listed, and the host looks at each again before it goes.

local git = require "host.git"
local pages = require "pages"
local repos = require "host.repos"
local time = require "host.time"

local UNUSED = time.days(14)
-- A repository of the cache is only a copy: the next worktree gets it again.
local REPO_UNUSED = time.days(30)

local MOST = 20000 -- in a night

--- Why a worktree stays; nil for one that may go.
---
---@param tree host.Worktree
---@return string?
local function kept(tree)
  if tree.pinned then
    return "it is pinned"
  elseif tree.busy then
    return "somebody is at work in it"
  end
  local status, err = git.status(tree.id)
  if not status then
    return "it cannot be looked at: " .. err.message
  elseif status.uncommitted > 0 then
    return status.uncommitted .. " uncommitted files"
  elseif status.unpushed > 0 then
    return status.unpushed .. " unpushed commits"
  end
end

return {
  name = "worktrees",
  description = "Moves worktrees without work to the trash when nobody has used them for two weeks.",
  schedule = "30 3 * * *",
  jitter = "20m",
  catch_up = "one",

  --- Yields while worktrees are looked at.
  plan = function(add)
    pages.each(git.worktrees, {}, MOST, function(tree)
      local idle = time.since(tree.last_used)
      if idle < UNUSED then
        return
      end
      local reason = kept(tree)
      if reason then
        add.keep(tree, reason)
      else
        add.remove(tree, "unused for " .. time.human(idle) .. ", and nothing in it is lost")
      end
    end)

    for _, repo in ipairs(assert(repos.list())) do
      local idle = time.since(repo.last_used)
      if repo.worktrees == 0 and idle >= REPO_UNUSED then
        if repo.pinned then
          add.keep(repo, "it is pinned")
        else
          add.remove(repo, "no worktree for " .. time.human(idle))
        end
      end
    end
  end,
}
