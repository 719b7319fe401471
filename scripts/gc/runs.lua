--- Forgets runs that ended long ago, with all that they said; what is pinned or not at its end stays.

local runs = require "host.runs"
local time = require "host.time"

-- How long each is kept. Whoever looks for a failure comes later than for an answer, which the chat itself has.
local KEPT = { succeeded = time.days(60), cancelled = time.days(30) }
local KEEP_OTHERS = time.days(120)

local PAGE = 1000
local MOST = 20000 -- runs that are looked at in a night; the rest is for the next ones

--- The oldest runs, page by page.
---
---@return fun(): host.Run? next
local function oldest()
  local page, place, after, seen = {}, 0, nil, 0
  return function()
    if place == #page then
      if seen >= MOST or (after and #page < PAGE) then
        return nil
      end
      page, place = assert(runs.list { oldest_first = true, after = after, limit = PAGE }), 0
      seen = seen + #page
      after = #page > 0 and page[#page].id or after
    end
    place = place + 1
    return page[place]
  end
end

return {
  name = "runs",
  description = "Forgets runs that ended long ago.",
  schedule = "20 4 * * *",
  jitter = "20m",
  catch_up = "one",

  --- Yields while runs are read.
  plan = function(add)
    for run in oldest() do
      local age = time.since(run.ended or run.created)
      if time.since(run.created) < time.days(30) then
        return -- all others are younger
      elseif not run.ended then
        add.keep(run, "it has not ended")
      elseif age >= (KEPT[run.state] or KEEP_OTHERS) then
        if run.pinned then
          add.keep(run, "it is pinned")
        else
          add.remove(run, run.state .. " " .. time.human(age) .. " ago")
        end
      end
    end
  end,
}
