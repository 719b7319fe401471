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

--- All tools of an integration.
---
---@param integration string
---@return string
local function tools_of(integration)
  return integration .. "_*"
end

--- An empty table would be written as an empty list, which the agent refuses.
---
---@generic T: table
---@param values T
---@return T?
local function unless_empty(values)
  return next(values) ~= nil and values or nil
end

---@param workspace host.Workspace
---@param personas host.Persona[]
---@return host.OpencodeChange
function hooks.opencode_config(workspace, personas)
  -- The integrations are there for all, and their tools for nobody but the personas that name them.
  local there, tools, agents = {}, {}, {}
  for _, name in ipairs(workspace.integrations or {}) do
    there[name] = true
    tools[tools_of(name)] = false
  end
  for _, persona in ipairs(personas) do
    local own = {}
    for _, name in ipairs(persona.integrations) do
      if there[name] then
        own[tools_of(name)] = true
      end
    end
    agents[persona.id] = unless_empty(own) and { tools = own }
  end

  return {
    config = {
      permission = PERMISSION,
      tools = unless_empty(tools),
      agent = unless_empty(agents),
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
