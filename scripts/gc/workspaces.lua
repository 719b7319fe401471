--- Ends the quarantine of removed users: what they left goes to the trash, which keeps it for another week.
local time = require "host.time"
local users = require "host.users"

-- Until then the owner can put everything back by hand: see docs/resources.md.
local GRACE = time.days(30)
local PAGE = 1000

return {
  name = "workspaces",
  description = "Lets go of what removed users left.",
  schedule = "50 4 * * *",
  jitter = "20m",
  catch_up = "one",

  --- Yields while users are read.
  plan = function(add)
    local after
    repeat
      local page = assert(users.removed { after = after, limit = PAGE })
      for _, user in ipairs(page) do
        local age = time.since(user.removed)
        if age >= GRACE then
          add.remove(user, "removed " .. time.human(age) .. " ago")
        else
          add.keep(user, "removed " .. time.human(age) .. " ago, goes in " .. time.human(GRACE - age))
        end
        after = user.id
      end
    until #page < PAGE
  end,
}
