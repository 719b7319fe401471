/// How specs compare and print values, in Lua: only Lua knows which tables are one and the same.
enum SpecValues {
    /// Called with the value that stands for JSON's null.
    static let text = #"""
        local null = ...
        local BRIEF = 100

        local function quoted(text)
          return (string.format("%q", text):gsub("\\\n", "\\n"))
        end

        local function in_order(a, b)
          if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then
            return a < b
          end
          return tostring(a) < tostring(b)
        end

        local function others(value, count)
          local keys = {}
          for key in pairs(value) do
            if not (math.type(key) == "integer" and key >= 1 and key <= count) then
              keys[#keys + 1] = key
            end
          end
          table.sort(keys, in_order)
          return keys
        end

        local write

        local function named(key, trail)
          if type(key) == "string" and key:find("^[%a_][%w_]*$") then
            return key
          end
          return "[" .. write(key, nil, trail) .. "]"
        end

        -- As Lua would write it: on lines of their own below `indent`, or all on one line without.
        function write(value, indent, trail)
          local kind = type(value)
          if rawequal(value, null) then
            return "null"
          elseif kind == "string" then
            return quoted(value)
          elseif kind == "number" then
            return tostring(math.tointeger(value) or value)
          elseif kind ~= "table" then
            return (kind == "nil" or kind == "boolean") and tostring(value) or "<" .. kind .. ">"
          elseif trail[value] then
            return "<itself>"
          end

          local deeper = indent and indent .. "  "
          local items = {}
          trail[value] = true
          for _, item in ipairs(value) do
            items[#items + 1] = write(item, deeper, trail)
          end
          for _, key in ipairs(others(value, #items)) do
            items[#items + 1] = named(key, trail) .. " = " .. write(value[key], deeper, trail)
          end
          trail[value] = nil

          if #items == 0 then
            return "{}"
          elseif indent then
            return "{\n" .. deeper .. table.concat(items, ",\n" .. deeper) .. ",\n" .. indent .. "}"
          end
          return "{ " .. table.concat(items, ", ") .. " }"
        end

        local function brief(value)
          local text = write(value, nil, {})
          if #text <= BRIEF then
            return text
          end
          return text:sub(1, (utf8.offset(text, 0, BRIEF) or BRIEF) - 1) .. "…"
        end

        local function full(value)
          return type(value) == "string" and value or write(value, "", {})
        end

        local function same(a, b, trail)
          if a == b or (a ~= a and b ~= b) then
            return true
          elseif type(a) ~= "table" or type(b) ~= "table" then
            return false
          elseif trail[a] then
            return trail[a] == b
          end
          trail[a] = b
          for key, value in pairs(a) do
            if not same(value, b[key], trail) then
              return false
            end
          end
          for key in pairs(b) do
            if a[key] == nil then
              return false
            end
          end
          trail[a] = nil
          return true
        end

        local function within(part, whole)
          if type(part) ~= "table" or type(whole) ~= "table" then
            return same(part, whole, {})
          end
          for key, value in pairs(part) do
            if not within(value, whole[key]) then
              return false
            end
          end
          return true
        end

        -- What of `whole` has a counterpart in `part`, so that a difference speaks of nothing else.
        local function counterpart(part, whole)
          if type(part) ~= "table" or type(whole) ~= "table" then
            return whole
          end
          local result = {}
          for key, value in pairs(part) do
            result[key] = counterpart(value, whole[key])
          end
          return result
        end

        return { brief = brief, quoted = quoted, full = full, same = same, within = within, counterpart = counterpart }
        """#
}
