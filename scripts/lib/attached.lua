--- What a model's owner attached to it, read with care: anybody may have written it.

local attached = {}

-- What a type of a setting is called in Lua, where that is another word.
local LUA_TYPES = { list = "table" }

--- What the owner attached to the model: the host reads it from a header or the filter's part of the body; where there
--- is neither, it may stand in the body as `open_persona`, one of Open WebUI's custom parameters.
---
---@param request host.Request
---@return table meta
function attached.to(request)
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
function attached.dig(value, ...)
  for _, name in ipairs { ... } do
    if type(value) ~= "table" then
      return nil
    end
    value = value[name]
  end
  return value
end

--- A number in the setting's range; what is none counts as the least.
---
---@param setting host.Setting
---@param value any
---@return number? number nil where it would be endless
local function number_for(setting, value)
  local number = tonumber(value)
  if not number or number ~= number then
    number = setting.min or 0
  end
  number = math.max(setting.min or -math.huge, math.min(setting.max or math.huge, number))
  if number == math.huge or number == -math.huge then
    return nil
  end
  return setting.type == "integer" and math.floor(number) or number
end

--- Text within the setting's length and among its choices.
---
---@param setting host.Setting
---@param value string
---@return boolean
local function takes_text(setting, value)
  if #value < (setting.min or 0) or #value > (setting.max or math.huge) then
    return false
  end
  for _, choice in ipairs(setting.choices or {}) do
    if choice == value then
      return true
    end
  end
  return setting.choices == nil
end

--- A value that the setting can take.
---
---@param setting host.Setting
---@param value any
---@return any value nil leaves it at the default
local function fitting(setting, value)
  if setting.type == "number" or setting.type == "integer" then
    return number_for(setting, value)
  elseif type(value) ~= (LUA_TYPES[setting.type] or setting.type) then
    return nil
  elseif setting.type == "string" and not takes_text(setting, value) then
    return nil
  end
  return value
end

--- Values for the settings that the persona has; others are for somebody else.
---
---@param meta table
---@param persona host.Persona
---@return table<string, any>
function attached.settings(meta, persona)
  local values = {}
  for name, setting in pairs(persona.settings or {}) do
    local value = attached.dig(meta, "settings", name)
    if value == nil and name == "self_reference_level" then
      value = attached.dig(meta, "memory", "self_reference_level")
    end
    if value ~= nil then
      values[name] = fitting(setting, value)
    end
  end
  return values
end

--- The integrations of the persona that the model's owner switched on or off.
---
---@param meta table
---@param persona host.Persona
---@return table<string, boolean>
function attached.switches(meta, persona)
  local switched = {}
  for _, name in ipairs(persona.integrations) do
    local enabled = attached.dig(meta, "integrations", name, "enabled")
    if type(enabled) == "boolean" then
      switched[name] = enabled
    end
  end
  return switched
end

return attached
