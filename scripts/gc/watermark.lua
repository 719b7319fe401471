--- Warns people when the disk fills up, and makes room before it is full.
--- Above the higher limit the oldest things go that nobody would miss, until there is room again. Nothing that is in
--- use or not saved elsewhere is touched.
local disk = require "host.disk"
local fs = require "host.fs"
local git = require "host.git"
local pages = require "pages"
local repos = require "host.repos"
local time = require "host.time"

-- Shares of a volume, of bytes or inodes, whichever is fuller.
local SOFT, HARD = 0.85, 0.95
-- So much is free again when it stops.
local ENOUGH = 0.90
-- What was removed or used just now may be wanted back, however full it is.
local GRACE = time.hours(1)
-- A chat goes on after a night.
local TREE_GRACE = time.days(1)
local MOST = 10000 -- worktrees that are looked at

--- Worktrees that may have no work in them: that is looked at when it matters.
--- Yields while they are listed.
local function add_trees(found)
  pages.each(git.worktrees, { unused_for = TREE_GRACE }, MOST, function(tree)
    if not tree.busy and not tree.pinned then
      found[#found + 1] = { item = tree, since = tree.last_used, what = "unused", is_tree = true }
    end
  end)
end

--- Everything that could go, the longest unused first.
--- Yields while it is listed.
local function candidates()
  local found = {}
  for _, item in ipairs(assert(fs.trash())) do
    item.label = item.path or item.id
    found[#found + 1] = { item = item, since = item.removed_at, what = "removed" }
  end
  for _, item in ipairs(assert(disk.snapshots())) do
    if not item.busy then
      found[#found + 1] = { item = item, since = item.last_used, what = "unused" }
    end
  end
  for _, repo in ipairs(assert(repos.list())) do
    if repo.worktrees == 0 and not repo.pinned then
      found[#found + 1] = { item = repo, since = repo.last_used, what = "unused" }
    end
  end
  add_trees(found)
  table.sort(found, function(a, b) return a.since < b.since end)
  return found
end

--- Why it stays although room is wanted; nil for what may go. Yields while a worktree is looked at.
local function kept(one)
  if time.since(one.since) < GRACE then
    return one.what .. " only just now"
  elseif one.is_tree then
    local status, err = git.status(one.item.id)
    if not status then
      return "it cannot be looked at: " .. err.message
    elseif not status.removable then
      return "it has work that nobody else has"
    end
  end
end

--- What lies in the trash since just now is room within the hour: no more goes in its stead.
local function coming(found)
  local bytes = 0
  for _, one in ipairs(found) do
    if one.what == "removed" and time.since(one.since) < GRACE then
      bytes = bytes + one.item.bytes
    end
  end
  return bytes
end

local function percent(share) return ("%d %%"):format(math.floor(share * 100 + 0.5)) end

return {
  name = "watermark",
  description = "Warns when the disk fills up, and makes room before it is full.",
  schedule = "every 5m",
  jitter = "1m",

  plan = function(add)
    local volume = assert(disk.volumes())[1]
    if not volume or volume.share < SOFT then
      disk.warn("none", "there is room")
      return
    end
    local fill = percent(volume.share) .. " of " .. volume.path .. " are used"
    disk.warn(volume.share < HARD and "soft" or "hard", fill)
    if volume.share < HARD then
      return
    end
    local found = candidates()
    local wanted = (volume.share - ENOUGH) * (volume.used + volume.free) - coming(found)
    for _, one in ipairs(found) do
      local reason = wanted <= 0 and "there is room without it" or kept(one)
      if reason then
        add.keep(one.item, reason)
      else
        add.remove(one.item, fill .. "; " .. one.what .. " for " .. time.human(time.since(one.since)))
        wanted = wanted - (one.item.bytes or 0)
      end
    end
  end,
}
