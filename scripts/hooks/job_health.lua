--- GET /x/jobs/health for an uptime monitor: 200 while the scheduled work goes well, 503 when it needs a look.

local jobs = require "host.jobs"
local outcomes = require "outcomes"

-- Anybody who reaches this server can ask: the answer has figures, and no names.

local routes = {}

routes["GET /jobs/health"] = {
  summary = "Whether the last run of every job went well",

  ---@return host.RouteResponse
  handler = function()
    local total, failing, paused = 0, 0, 0
    for _, job in ipairs(jobs.list()) do
      if job.paused then
        paused = paused + 1
      elseif job.enabled then
        total = total + 1
        if outcomes.is_bad(job.last) then
          failing = failing + 1
        end
      end
    end

    return {
      status = failing == 0 and 200 or 503,
      headers = { ["cache-control"] = "no-store" },
      json = { ok = failing == 0, jobs = total, failing = failing, paused = paused },
    }
  end,
}

return { routes = routes }
