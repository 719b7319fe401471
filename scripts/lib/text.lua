--- Small things about text that several scripts need.

local text = {}

---@param value string
---@return string trimmed without blanks at both ends
function text.trim(value)
  return (value:gsub("^%s+", ""):gsub("%s+$", ""))
end

--- Cuts at a whole character, so that the rest is still UTF-8.
---
---@param value string
---@param bytes integer how long it may be
---@return string
function text.clip(value, bytes)
  if #value <= bytes then
    return value
  end
  -- Bytes 128 to 191 go on a character that began before them.
  while bytes > 0 and value:byte(bytes + 1) >= 128 and value:byte(bytes + 1) < 192 do
    bytes = bytes - 1
  end
  return value:sub(1, bytes)
end

--- Undoes percent-encoding, as in headers with names that are not ASCII.
---
---@param value string
---@return string
function text.unescape(value)
  return (value:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

---@param value string
---@param start string
---@return boolean
function text.begins(value, start)
  return value:sub(1, #start) == start
end

return text
