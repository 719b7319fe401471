--- What the agent may do when its own rules say "ask": a person decides, and where none is, it goes on without.

-- How long a person has. Long enough for somebody with a phone in the pocket: no connection is held meanwhile, and the
-- question stands in the chat and on the site.
local PATIENCE = "1h"

-- From how many times on the same question is no question any more.
local TOO_OFTEN = 3

-- What needs nobody when nobody is there, because it only reads, and nothing but what the agent could see anyway.
local HARMLESS = { glob = true, grep = true, list = true, todowrite = true, skill = true }

local hooks = {}

---@param message string what the agent is told
---@param reason string
---@return host.Verdict
local function deny(message, reason)
  return { action = "deny", message = message, reason = reason }
end

---@param ask host.Ask
---@return host.Verdict
function hooks.permission(ask)
  if ask.asked_before >= TOO_OFTEN then
    return deny("This has been asked several times already. Find a way without it, or say what you need it for.",
      "it was asked " .. ask.asked_before .. " times before")
  elseif HARMLESS[ask.permission] then
    return { action = "once", reason = "it only looks" }
  elseif ask.attended then
    return { action = "ask", wait = PATIENCE, otherwise = "deny", reason = "a person is there to decide" }
  end

  -- The agent asks this when it does the same thing over and over.
  if ask.permission == "doom_loop" then
    return deny("You have done exactly this several times. Stop, and find another way.", "the agent goes in circles")
  end
  return deny("Nobody is there to be asked. Go on without it, and say at the end what you left out and why.",
    "nobody is there to be asked")
end

return hooks
