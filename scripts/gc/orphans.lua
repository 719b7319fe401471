--- Ends what was started as a runner, by this Perigee, and that nobody can use any more.
--- A process of ours died before it wrote down how to reach it. What another Perigee started is left alone.

local runners = require "host.runners"
local time = require "host.time"

-- One that is just being started is nobody's for a moment.
local GRACE = time.minutes(5)

return {
  name = "orphans",
  description = "Ends containers and processes of runners that nobody knows.",
  schedule = "every 15m",
  jitter = "3m",

  --- Yields while containers or processes are listed.
  plan = function(add)
    for _, found in ipairs(assert(runners.found())) do
      local age = time.since(found.started)
      if found.standing == "foreign" then
        add.keep(found, "another Perigee started it")
      elseif found.standing == "known" then
        add.keep(found, "it is in use")
      elseif age < GRACE then
        add.keep(found, "started " .. time.human(age) .. " ago")
      else
        add.remove(found, "nobody can use it, for " .. time.human(age))
      end
    end
  end,
}
