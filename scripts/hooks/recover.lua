--- What is done when a turn fails: wait, mend what carries it, ask, or tell the user.

local advice = require "advice"

-- One rule stands above all: a prompt that has begun may have changed files or sent mails. It is never handed over a
-- second time unless a person says so.

-- Seconds before each new attempt; after the last one the failure is told.
local WAITS = {
  -- Somebody else is using the session, perhaps the user in a terminal. The turn waits for its place.
  session_busy = { 2, 5, 10, 20, 30, 60, 60 },
  -- Providers that ask to wait mostly say how long. These are for those that do not.
  rate_limited = { 5, 15, 30 },
  -- The other side had a bad moment.
  provider_failed = { 2, 10 },
  timeout = { 1 },
}

-- Who is told to wait longer than this is told so: nobody watches an empty answer for a quarter of an hour.
local LONGEST_WAIT = 300

-- An agent that is gone is restarted, or waited for where it is not ours to restart; a little longer each time.
local RESTARTS = { 0, 5, 15 }

-- What people read of it. The failure's own words are in the log: they name addresses that mean nothing to them.
local GONE = "The agent's server does not answer"

local hooks = {}

--- Whether the prompt may have had effects that matter. Asking a model for text has none, as long as nobody has seen
--- any of it; and a client may say of its task that it can be run more than once.
---
---@param failure host.Failure
---@return boolean
local function may_have_had_effects(failure)
  local run = failure.run
  local only_asked = run.engine == "provider" and (run.output or "") == ""
  local is_repeatable = run.meta ~= nil and run.meta.repeatable == true
  return failure.started and not only_asked and not is_repeatable
end

---@param failure host.Failure
---@return host.Recovery? nil when it has been tried often enough
local function wait_and_retry(failure)
  local waits = WAITS[failure.kind]
  local wait = waits and waits[failure.attempt]
  if not wait then
    return nil
  end
  local told = failure.retry_after
  if told and told > LONGEST_WAIT then
    return {
      action = "give_up",
      message = string.format("The provider asks to wait for %d minutes. Try again then.", math.ceil(told / 60)),
      reason = "the provider asked to wait for longer than anybody watches",
    }
  end
  local reason = told and "the other side said how long to wait" or "it may work in a moment: " .. failure.kind
  return { action = "retry", after = told or wait, reason = reason }
end

--- The agent itself is gone. What began is looked for when it is back, and goes on or is asked about then: opencode
--- keeps its sessions, and its engine looks there before it hands anything over. Others keep nothing.
---
---@param failure host.Failure
---@return host.Recovery?
local function bring_back(failure)
  local after = RESTARTS[failure.attempt]
  if not after or failure.started and failure.run.engine ~= "opencode" then
    return nil
  end
  local reason = failure.started and "the agent is gone: it is brought back to see how far it got"
    or "the agent is gone, and the prompt had not begun"
  return { action = "restart_runner", after = after, message = GONE, reason = reason }
end

---@param failure host.Failure
---@return host.Recovery
local function ask_or_tell(failure)
  local what = failure.kind == "agent_gone" and "The agent's server went away in the middle of this."
    or advice.said(failure)
  if failure.attended then
    return {
      action = "ask",
      -- It is asked whether to run it again; where it is left, this stays in the chat.
      message = what .. " It may have done part of the work.",
      reason = "the prompt may have had effects already",
    }
  end
  return {
    action = "give_up",
    message = what .. " It was not tried again, because it may have had effects already.",
    reason = "the prompt may have had effects already, and nobody is there to be asked",
  }
end

---@param failure host.Failure
---@return host.Recovery
function hooks.recover(failure)
  if failure.kind == "agent_gone" then
    local recovery = bring_back(failure)
    if recovery then
      return recovery
    elseif not failure.started then
      return {
        action = "give_up",
        message = GONE .. ". Nothing of this was begun. Try again in a few minutes; if it stays like this, tell "
          .. "whoever runs this server.",
        reason = "the agent did not come back in time",
      }
    end
  end

  local nothing_begun = not failure.started and advice.without_runner(failure)
  local for_user = advice.for_user(failure)
  if nothing_begun then
    return { action = "give_up", message = nothing_begun, reason = "there is no runner" }
  elseif for_user then
    return { action = "give_up", message = for_user, reason = "only the user can do something about it" }
  elseif may_have_had_effects(failure) then
    return ask_or_tell(failure)
  elseif failure.kind == "session_missing" and failure.attempt == 1 then
    return { action = "recreate_session", reason = "the agent no longer knows the session" }
  end
  return wait_and_retry(failure) or { action = "give_up", reason = "it failed: " .. failure.kind }
end

return hooks
