--- Warns people when the disk fills up, and makes room before it is full.
--- Above the higher limit the oldest things go that nobody would miss, until there is room again. Nothing that is in
--- use or not saved elsewhere is touched.
local disk = require "host.disk"
local fs = require "host.fs"
local time = require "host.time"

-- Shares of a volume, of bytes or inodes, whichever is fuller.
local SOFT, HARD = 0.85, 0.95
-- So much is free again when it stops.
local ENOUGH = 0.90
-- What was removed or used just now may be wanted back, however full it is.
local GRACE = time.hours(1)

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
  table.sort(found, function(a, b) return a.since < b.since end)
  return found
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
    local wanted = (volume.share - ENOUGH) * (volume.used + volume.free)
    for _, one in ipairs(candidates()) do
      local age = time.since(one.since)
      if wanted <= 0 or age < GRACE then
        add.keep(one.item, wanted <= 0 and "there is room without it" or one.what .. " only just now")
      else
        add.remove(one.item, fill .. "; " .. one.what .. " for " .. time.human(age))
        wanted = wanted - one.item.bytes
      end
    end
  end,
}
