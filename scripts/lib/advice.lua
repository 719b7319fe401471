--- What people read of failures that they, or whoever runs the server, can do something about.

local text = require "text"

-- Failures that the user can do something about, and what.
local ADVICE = {
  unauthorized = "The model's provider refused the key. Look at your key in the settings of the client, or ask whoever "
    .. "runs this server.",
  model_missing = "Choose another model, or ask whoever runs this server.",
  agent_missing = "Choose another persona, or ask whoever runs this server: its agent has no such agent.",
  context_overflow = "The conversation is longer than the model can read. Begin a new chat, or choose a model that "
    .. "reads more.",
  content_filtered = "The provider refused to answer this. Say it in other words, or choose another model.",
  disk_full = "There is no room left to work in. Remove something from your workspace, or ask whoever runs this "
    .. "server.",
  out_of_memory = "The agent ran out of memory. Ask for the work in smaller pieces.",
}

-- What keeps a runner from being started is for whoever runs the server: the log names it.
local NOTHING_BEGUN = {
  no_runner = "The agent could not be started. Nothing of this was begun. Trying again does not help by itself: tell "
    .. "whoever runs this server, whose log says what is in the way.",
  runners_full = "All agents are at work for others just now. Nothing of this was begun. Try again in a few minutes.",
}

-- Failures whose own words say what is missing; the advice follows them.
local NAMES_WHAT = { model_missing = true, agent_missing = true }

local advice = {}

--- A failure's own words, as a sentence that others can follow.
---
---@param failure host.Failure
---@return string
function advice.said(failure)
  local words = text.clip(failure.message, 300):gsub("^%l", string.upper)
  return words:find "[.!?]$" and words or words .. "."
end

--- What the user can do about it, if anything.
---
---@param failure host.Failure
---@return string?
function advice.for_user(failure)
  local words = ADVICE[failure.kind]
  if words and NAMES_WHAT[failure.kind] then
    return advice.said(failure) .. " " .. words
  end
  return words
end

--- What is said where no runner could be had for a turn.
---
---@param failure host.Failure
---@return string?
function advice.without_runner(failure)
  return NOTHING_BEGUN[failure.kind]
end

return advice
