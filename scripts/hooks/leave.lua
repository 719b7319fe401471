--- What becomes of a run when its client closes the connection.

-- A chat client closes it when the user presses Stop; that is the only way for it to say so. (Open WebUI keeps the
-- connection open when a tab is closed.) Other clients come and go while work goes on, and look at it again later.
local STOPS = { openai = true }

-- How long work goes on that nobody watches. Each door has its own way to stop it sooner.
local UNWATCHED = "6h"

local hooks = {}

---@param run host.Run
---@return host.Departure
function hooks.leave(run)
  if STOPS[run.door] then
    return { action = "abort", reason = "the client closed the connection, which is how a chat says stop" }
  end
  return { action = "detach", stop_after = UNWATCHED, reason = "clients of this door come and go" }
end

return hooks
