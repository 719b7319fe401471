--- Every morning, one line in the log: how the scheduled work of the last day went.

local jobs = require "host.jobs"
local log = require "host.log"
local outcomes = require "outcomes"
local time = require "host.time"

local PERIOD = time.days(1)
local MOST = 1000 -- runs that are looked at

--- How often each of them failed, the most frequent first: "trash (3), worktrees".
---
---@param failures table<string, integer> by the job's name
---@return string
local function names(failures)
  local sorted = {}
  for name in pairs(failures) do
    sorted[#sorted + 1] = name
  end
  table.sort(sorted, function(a, b)
    if failures[a] ~= failures[b] then
      return failures[a] > failures[b]
    end
    return a < b
  end)
  for index, name in ipairs(sorted) do
    sorted[index] = failures[name] > 1 and name .. " (" .. failures[name] .. ")" or name
  end
  return table.concat(sorted, ", ")
end

return {
  name = "digest",
  description = "Says every morning how the scheduled work of the last day went.",
  schedule = "0 7 * * *",
  catch_up = "one",

  --- Yields while the history is read.
  run = function()
    local runs, err = jobs.history(nil, MOST)
    if not runs then
      return nil, err
    end

    local since = time.now() - PERIOD
    local ran, failed, failures = 0, 0, {}
    for _, run in ipairs(runs) do
      if run.started >= since and run.outcome and run.outcome ~= "skipped" then
        ran = ran + 1
        if outcomes.is_bad(run) then
          failed = failed + 1
          failures[run.job] = (failures[run.job] or 0) + 1
        end
      end
    end

    local line = ran .. (ran == 1 and " run" or " runs") .. " since yesterday, " .. failed .. " of them failed"
    if failed == 0 then
      log.info(line)
      return line
    end
    line = line .. ": " .. names(failures)
    log.warning(line)
    return line
  end,
}
