--- Where the work of a worktree goes when it is pushed, and how.
--- As it stands, work goes to the branch that was asked for. A branch that others push to as well has moved on more
--- often than not, so commits are put on what is there.

-- Everything goes straight to the branch that the worktree began from: no branches, no pull requests.
local TRUNK = false

-- Only whoever manages may push to a repository's default branch.
local PROTECTED = false

local hooks = {}

---@param push host.Push
---@return host.Sending
function hooks.push(push)
  local branch = push.branch
  if TRUNK and branch == push.own_branch then
    branch = push.base_branch
  end
  if PROTECTED and branch == push.default_branch and not push.manager then
    return {
      refuse = "the branch " .. branch .. " takes no pushes from here",
      hint = "push the worktree's own branch, and open a pull request",
    }
  end
  local rebase = push.rebase
  if rebase == nil then
    rebase = branch ~= push.own_branch
  end
  return {
    branch = branch,
    rebase = rebase,
    reason = rebase and "others push there too" or "as it was asked for",
  }
end

return hooks
