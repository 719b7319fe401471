--- Empties the trash: what was removed more than a week ago goes for good.

local fs = require "host.fs"
local time = require "host.time"

-- Until then everything can be put back.
local GRACE = time.days(7)

return {
  name = "trash",
  description = "Deletes for good what was removed a week ago.",
  schedule = "40 4 * * *",
  jitter = "20m",
  catch_up = "one",

  --- Yields while the trash is listed.
  plan = function(add)
    for _, item in ipairs(assert(fs.trash())) do
      local age = time.since(item.removed_at)
      item.label = item.root .. ":" .. (item.path or item.id)
      if age >= GRACE then
        add.remove(item, "removed " .. time.human(age) .. " ago")
      else
        add.keep(item, "removed " .. time.human(age) .. " ago, goes in " .. time.human(GRACE - age))
      end
    end
  end,
}
