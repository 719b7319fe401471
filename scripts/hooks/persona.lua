--- As whom a request is answered: by what its owner attached to the model, else by the model's own name.

local text = require "text"

-- Other names that people use for a persona.
local ALIASES = {
  ["no-nonsense-grant-draft"] = "grant-draft",
}

-- What a type of a setting is called in Lua, where that is another word.
local LUA_TYPES = { list = "table" }

local hooks = {}

--- What the owner attached to the model: the host reads it from a header or the filter's part of the body; where there
--- is neither, it may stand in the body as `open_persona`, one of Open WebUI's custom parameters.
---
---@param request host.Request
---@return table meta
local function attached(request)
  local parameter = request.extra.open_persona
  if next(request.meta) == nil and type(parameter) == "table" then
    return parameter
  end
  return request.meta
end

--- A field of a field, whatever the client put there.
---
---@param value any
---@param ... string
---@return any
local function dig(value, ...)
  for _, name in ipairs { ... } do
    if type(value) ~= "table" then
      return nil
    end
    value = value[name]
  end
  return value
end

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
  local template = dig(meta, "persona", "template")
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

--- A value that the setting can take. A number is brought into its range, and what is none counts as the least.
---
---@param value any
---@param setting host.Setting
---@return any value nil leaves it at the default
local function fitting(value, setting)
  if setting.type ~= "number" and setting.type ~= "integer" then
    if type(value) == (LUA_TYPES[setting.type] or setting.type) then
      return value
    end
    return nil
  end

  local least, most = setting.min or -math.huge, setting.max or math.huge
  local number = tonumber(value)
  if not number or number ~= number then
    number = setting.min or 0
  end
  number = math.max(least, math.min(most, number))
  return setting.type == "integer" and math.floor(number) or number
end

--- Values for the settings that the persona has; others are for somebody else.
---
---@param persona host.Persona
---@param meta table
---@return table<string, any>
local function settings(persona, meta)
  local values = {}
  for name, setting in pairs(persona.settings or {}) do
    local value = dig(meta, "settings", name)
    if value == nil and name == "self_reference_level" then
      value = dig(meta, "memory", "self_reference_level")
    end
    if value ~= nil then
      values[name] = fitting(value, setting)
    end
  end
  return values
end

--- The integrations of the persona that the model's owner switched on or off.
---
---@param persona host.Persona
---@param meta table
---@return table<string, boolean>
local function switches(persona, meta)
  local switched = {}
  for _, name in ipairs(persona.integrations) do
    local enabled = dig(meta, "integrations", name, "enabled")
    if type(enabled) == "boolean" then
      switched[name] = enabled
    end
  end
  return switched
end

---@param request host.Request
---@param personas host.Persona[]
---@return host.PersonaChoice
function hooks.persona(request, personas)
  local meta = attached(request)
  local persona, reason = choose(request, meta, personas)
  if not persona then
    local why = "the model " .. text.clip(request.model, 100) .. " is not offered to you"
    return { refuse = why, reason = why }
  end

  local memory = dig(meta, "memory", "enabled")
  if type(memory) ~= "boolean" or persona.memory_settable == false then
    memory = persona.memory
  end

  return {
    persona = persona.id,
    -- A persona over a model such as open-persona/plan thinks and speaks as ever, and changes nothing.
    agent = persona.agent ~= "plan" and base(request.model) == "plan" and "plan" or nil,
    settings = settings(persona, meta),
    memory = memory,
    integrations = switches(persona, meta),
    reason = reason,
  }
end

return hooks
