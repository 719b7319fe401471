--- The agent's own configuration, as Perigee wants it in each workspace. What a person wrote there stays.

local config = require "host.config"

-- What tools may do where nobody said otherwise. Inside its directory the agent works freely, and never outside of it.
local PERMISSION = {
  edit = "allow",
  bash = "allow",
  webfetch = "allow",
  external_directory = "deny",
  -- The same call for the third time in a row: the hook `permission` decides.
  doom_loop = "ask",
  -- It may ask its user something: the chat shows a card, or a line that a reply answers.
  question = "allow",
}

-- Perigee itself adds an agent for each persona, and the integrations, whose tools are off for all but the agents that
-- have them. An agent that this hook names takes the place of the one that Perigee would add, with all of its rights.

local hooks = {}

--- Models without a provider are OpenAI's when they are called like those.
---
---@param setting string
---@return string?
local function model(setting)
  local name = config.all()[setting]
  if name and not name:find("/", 1, true) and name:sub(1, 3) == "gpt" then
    return "openai/" .. name
  end
  return name
end

---@param workspace host.Workspace
---@param personas host.Persona[]
---@return host.OpencodeChange
function hooks.opencode_config(workspace, personas)
  return {
    config = {
      permission = PERMISSION,
      -- Settings of your own; without them the agent chooses by the keys that it has.
      model = model "SCRIPT_AGENT_MODEL",
      small_model = model "SCRIPT_AGENT_SMALL_MODEL",
      -- Nobody's conversation is published to the web.
      share = "disabled",
    },
    reason = "free inside the workspace, nothing outside of it",
  }
end

return hooks
