--- How the runner of a workspace is started, and what it may use. What is left out is as the settings RUNNER_… say.
--- A decision that differs from the last one starts the runner anew as soon as nobody is on it.

local config = require "host.config"

-- Users who do heavy work, by their keys with commas between them: SCRIPT_LARGE_RUNNERS=ann@example.org,bob
local LARGE = { memory = "8GB", cpus = 4, processes = 2048 }

-- More of what can be said, for example:
--   image = "ghcr.io/me/opencode-with-python:1",                    -- container runners
--   env = { HTTPS_PROXY = "http://proxy.lan:3128" },                -- nothing secret: it can be seen
--   mounts = { { source = "/srv/docs", target = "/docs", read_only = true } },  -- below RUNNER_ALLOWED_MOUNTS
--   idle_timeout = "2h", start_timeout = "3m",

local hooks = {}

---@param list string?
---@param wanted string
---@return boolean
local function has(list, wanted)
  for word in (list or ""):gmatch "[^,%s]+" do
    if word == wanted then
      return true
    end
  end
  return false
end

---@param workspace host.Workspace
---@return host.RunnerPlan
function hooks.runner(workspace)
  if has(config.all().SCRIPT_LARGE_RUNNERS, workspace.user) then
    return { limits = LARGE, idle_timeout = "2h", reason = "this user does heavy work" }
  end
  return { reason = "as configured" }
end

return hooks
