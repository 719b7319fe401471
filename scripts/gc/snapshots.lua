--- Deletes what agents kept to undo their changes long ago, and packs that their upkeep left half written.
--- An agent makes a new snapshot when it needs one; only changes from before can then not be undone any more.
local disk = require "host.disk"
local time = require "host.time"

local KEEP = time.days(30)

return {
  name = "snapshots",
  description = "Deletes old snapshots of agents, and leftovers of their upkeep.",
  schedule = "every 1h",
  jitter = "10m",

  --- Yields while directories are listed.
  plan = function(add)
    for _, item in ipairs(assert(disk.snapshots())) do
      local idle = time.since(item.last_used)
      if item.busy then
        add.keep(item, "somebody is at work there")
      elseif item.kind == "snapshot_rest" then
        add.remove(item, "left half done " .. time.human(idle) .. " ago")
      elseif idle >= KEEP then
        add.remove(item, "unused for " .. time.human(idle))
      else
        add.keep(item, "used " .. time.human(idle) .. " ago")
      end
    end
  end,
}
