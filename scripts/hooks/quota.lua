--- Whether a user may have another run. Nothing is limited as it stands: put figures in, and save.

local limits = require "limits"

-- For everybody who has no limits of their own. There are runs_today, runs_month, tokens_today, tokens_month,
-- cost_today and cost_month (dollars), and unfinished (runs at a time). Days and months are those of UTC.
---@type limits.Limits
local EVERYBODY = {}

-- By user, as `perigee workspaces` names them; an empty table lifts all limits.
---@type table<string, limits.Limits>
local OWN = {
  -- ["ann@example.com"] = { cost_month = 20, unfinished = 3 },
}

return {
  ---@param demand host.Demand
  ---@return host.Allowance
  quota = function(demand)
    return limits.judge(demand, OWN[demand.user.key] or EVERYBODY)
  end,
}
