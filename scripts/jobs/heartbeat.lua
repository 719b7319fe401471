--- Tells an uptime service every five minutes that this Perigee is alive. Off until SCRIPT_HEARTBEAT_URL is set.

local config = require "host.config"
local http = require "host.http"

--- Where the service listens. Variables whose names begin with SCRIPT_ are the owner's own.
---
---@return string?
local function address()
  return config.all().SCRIPT_HEARTBEAT_URL
end

return {
  name = "heartbeat",
  description = "Tells an uptime service that this Perigee is alive.",
  schedule = "every 5m",
  timeout = "1m",
  retry = { times = 2, after = "20s" },
  enabled = address() ~= nil,

  --- Yields until the service has answered.
  run = function()
    local url = address()
    if not url then
      return "nobody is told: SCRIPT_HEARTBEAT_URL is not set"
    end

    local answer, err = http.get(url, { deadline = "15s" })
    if not answer then
      return nil, err
    elseif not answer.ok then
      return nil, { kind = "unavailable", message = "the uptime service answers " .. answer.status }
    end
    return "told"
  end,
}
