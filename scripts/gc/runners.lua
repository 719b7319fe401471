--- Stops runners that nobody needs: those of keys that were replaced, those that failed, and those left idle for long.
--- Perigee stops an idle runner by itself after RUNNER_IDLE_TIMEOUT; this is for what slipped through, and for your own
--- rules.

local runners = require "host.runners"
local time = require "host.time"

local IDLE = time.hours(2)

--- The keys of each workspace: those that its newest runner has. Chats and runs may have runners of their own with
--- them.
---@param all host.Runner[]
---@return table<string, string?>
local function keys(all)
  local best = {}
  for _, runner in ipairs(all) do
    local other = best[runner.workspace or ""]
    if not other or (runner.started or 0) > (other.started or 0) then
      best[runner.workspace or ""] = runner
    end
  end
  local found = {}
  for workspace, runner in pairs(best) do
    found[workspace] = runner.key_signature
  end
  return found
end

return {
  name = "runners",
  description = "Stops runners that nobody needs.",
  schedule = "every 30m",
  jitter = "5m",

  plan = function(add)
    local all = runners.list()
    local current = keys(all)
    for _, runner in ipairs(all) do
      local idle = runner.last_used and time.since(runner.last_used) or 0
      if runner.mode == "shared" then
        add.keep(runner, "not started by Perigee")
      elseif runner.leases > 0 then
        add.keep(runner, "somebody is on it")
      elseif runner.state == "failed" then
        add.remove(runner, "it failed: " .. (runner.reason or "nobody knows why"))
      elseif current[runner.workspace or ""] ~= runner.key_signature then
        add.remove(runner, "its user has other keys now")
      elseif idle >= IDLE then
        add.remove(runner, "idle for " .. time.human(idle))
      else
        add.keep(runner, "used " .. time.human(idle) .. " ago")
      end
    end
  end,
}
