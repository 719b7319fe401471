--- What becomes of runs that had not ended when Perigee stopped.

-- Seconds. A prompt that waited longer than this may have been asked again elsewhere, or no longer matter.
local STALE = 3600

local hooks = {}

--- Whether its client has said that it may be run more than once.
---
---@param run host.Run
---@return boolean
local function is_repeatable(run)
  return run.meta ~= nil and run.meta.repeatable == true
end

---@param item host.Unfinished
---@return host.Reconciliation
function hooks.reconcile(item)
  local run = item.run
  -- Tasks of backends: nobody watches them, and they may wait in a queue for as long as it takes.
  local is_alone = item.attended == false

  if item.answer_complete then
    return { action = "resume", reason = "the agent finished the answer meanwhile" }
  elseif item.session == "busy" then
    return { action = "resume", reason = "the agent is still at work on it" }
  elseif not run.started then
    if item.away <= STALE or is_alone and not run.schedule then
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

  if is_repeatable(run) then
    return { action = "retry", reason = "its client says that it may be run again" }
  elseif is_alone then
    return {
      action = "interrupt",
      message = "Perigee was restarted in the middle of this, and it may have done part of the work.",
      reason = "the prompt may have had effects already, and nobody is there to be asked",
    }
  end

  -- It may have had effects, so it is not run again unasked.
  return {
    action = "ask",
    message = "Perigee was restarted in the middle of this. It may have done part of the work. Run it again?",
    reason = "the prompt may have had effects already",
  }
end

return hooks
