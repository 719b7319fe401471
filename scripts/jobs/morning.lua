--- Every weekday morning, lets an agent sum up a user's notes. Off until SCRIPT_MORNING_USER names the user.

local config = require "host.config"
local runs = require "host.runs"

local PROMPT = "Read notes.md if there is one, and write what is still to be done into today.md. Change nothing else."

--- Whose notes. `perigee workspaces` lists the users.
---
---@return string?
local function user()
  return config.all().SCRIPT_MORNING_USER
end

return {
  name = "morning",
  description = "Lets an agent sum up the notes of the user that SCRIPT_MORNING_USER names.",
  schedule = "0 6 * * mon-fri",
  catch_up = "none", -- yesterday's is not wanted today
  timeout = "30m",
  enabled = user() ~= nil,

  --- Yields until the agent has finished.
  run = function()
    local name = user()
    if not name then
      return "nobody wants it: SCRIPT_MORNING_USER is not set"
    end

    -- The same chat each day, so that a run which takes long keeps the next one waiting.
    local run, err = runs.start { user = name, prompt = PROMPT, chat = "morning", title = "The morning's notes" }
    if not run then
      return nil, err
    end
    run = assert(runs.wait(run.id))
    if run.state ~= "succeeded" then
      return nil, run.error or { kind = "unavailable", message = "the run " .. run.id .. " was " .. run.state }
    end
    return "done by run " .. run.id
  end,
}
