--- As whom a request is answered: by what its owner attached to the model, else by the model's own name.

local attached = require "attached"
local text = require "text"

-- Other names that people use for a persona.
local ALIASES = {
  ["no-nonsense-grant-draft"] = "grant-draft",
}

local hooks = {}

---@param personas host.Persona[]
---@param name string?
---@return host.Persona?
local function find(personas, name)
  local id = name and (ALIASES[name] or name)
  for _, persona in ipairs(personas) do
    if persona.id == id then
      return persona
    end
  end
end

--- The last segment: clients see `open-persona/izzy`, and may put a prefix of their own before that.
---
---@param model string?
---@return string?
local function base(model)
  return model and model:lower():match "[^/]+$"
end

---@param request host.Request
---@param meta table
---@param personas host.Persona[]
---@return host.Persona? persona
---@return string reason
local function choose(request, meta, personas)
  local template = attached.dig(meta, "persona", "template")
  template = type(template) == "string" and text.trim(template):lower() or ""
  if template ~= "" then
    local persona = find(personas, template)
    if persona then
      return persona, "the model's owner chose the template " .. text.clip(template, 60)
    end
  else
    local persona = find(personas, base(request.model_id))
    if persona then
      return persona, "the client's own model is named after it"
    end
  end

  local persona = find(personas, base(request.model))
  if persona then
    return persona, "the model is named after it"
  elseif request.model:lower():find("plan", 1, true) then
    return find(personas, "plan"), "the model's name has `plan` in it"
  end
  return find(personas, "build"), "no persona bears the model's name"
end

---@param request host.Request
---@param personas host.Persona[]
---@return host.PersonaChoice
function hooks.persona(request, personas)
  local meta = attached.to(request)
  local persona, reason = choose(request, meta, personas)
  if not persona then
    local why = "the model " .. text.clip(request.model, 100) .. " is not offered to you"
    return { refuse = why, reason = why }
  end

  local memory = attached.dig(meta, "memory", "enabled")
  if type(memory) ~= "boolean" or persona.memory_settable == false then
    memory = persona.memory
  end

  return {
    persona = persona.id,
    -- A persona over a model such as open-persona/plan thinks and speaks as ever, and changes nothing.
    agent = persona.agent ~= "plan" and base(request.model) == "plan" and "plan" or nil,
    settings = attached.settings(meta, persona),
    memory = memory,
    integrations = attached.switches(meta, persona),
    reason = reason,
  }
end

return hooks
