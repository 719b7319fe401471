--- Forgets what nobody looks up any more: the history of jobs, and what gc plans have removed.

local jobs = require "host.jobs"
local time = require "host.time"

-- How long each is kept. A failure is looked into later than a success.
local KEPT = { succeeded = time.days(30), skipped = time.days(7) }
local KEEP_FAILURES = time.days(90)
local KEEP_PLANS = time.days(90)

local MOST = 10000 -- of each, at a time; the rest is for the next night

return {
  name = "retention",
  description = "Forgets old runs of jobs, and old plans.",
  schedule = "10 4 * * *",
  jitter = "20m",
  catch_up = "one",

  --- Yields while the history is read.
  plan = function(add)
    local seen = {}
    for _, run in ipairs(assert(jobs.history(nil, MOST))) do
      local age = run.ended and time.since(run.ended)
      local limit = KEPT[run.outcome] or KEEP_FAILURES
      if age and age >= limit then
        if seen[run.job] then
          add.remove(run, "ended " .. time.human(age) .. " ago")
        else
          add.keep(run, "the last run of its job")
        end
      end
      seen[run.job] = true
    end

    for _, plan in ipairs(assert(jobs.plans(nil, MOST))) do
      local age = time.since(plan.made)
      if age >= KEEP_PLANS and (plan.state == "applied" or plan.state == "expired") then
        add.remove(plan, "made " .. time.human(age) .. " ago")
      end
    end
  end,
}
