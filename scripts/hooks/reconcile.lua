--- What becomes of runs that had not ended when Perigee stopped.

-- Seconds. A prompt that waited longer than this may have been asked again elsewhere, or no longer matter.
local STALE = 3600

local hooks = {}

---@param item host.Unfinished
---@return host.Reconciliation
function hooks.reconcile(item)
  local run = item.run

  if item.answer_complete then
    return { action = "resume", reason = "the agent finished the answer meanwhile" }
  elseif item.session == "busy" then
    return { action = "resume", reason = "the agent is still at work on it" }
  elseif not run.started then
    if item.away <= STALE then
      return { action = "resume", reason = "it had not begun" }
    elseif run.schedule then
      return { action = "interrupt", reason = "it had not begun, and its schedule starts the next one" }
    end
    return {
      action = "ask",
      message = "This was asked a while ago and never begun. Begin it now?",
      reason = "it had not begun, and that is long ago",
    }
  elseif run.schedule then
    return { action = "interrupt", reason = "nobody waits for it, and its schedule starts the next one" }
  end

  -- It may have had effects, so it is not run again unasked.
  return {
    action = "ask",
    message = "Perigee was restarted in the middle of this. It may have done part of the work. Run it again?",
    reason = "the prompt may have had effects already",
  }
end

return hooks
