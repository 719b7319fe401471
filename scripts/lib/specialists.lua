--- The specialists behind Izzy: which tool or agent is whose, and how she brings each of them in.

local specialists = {}

-- The first word that is in a tool's name decides; a tool of the grant database with none of them is the analyst's.
local GRANT_TOOLS = {
  { "search", "Grant Scout" },
  { "get", "Grant Archivist" },
}

-- What each arrives with. By a word of the specialist's name, so that agents of your own fit in: one that is called
-- `tax-compliance` needs no line here.
local PROPS = {
  { "scout", "a brass spyglass and last week's bus timetable" },
  { "analyst", "an abacus that has learned to use spreadsheets" },
  { "archivist", "a card catalogue on a luggage trolley" },
  { "compliance", "a wax seal and a very modern checklist" },
}
local ANY_PROP = "a pocket watch that keeps tomorrow's time"

---@param words string[][]
---@param name string
---@return string?
local function match(words, name)
  local lower = name:lower()
  for _, entry in ipairs(words) do
    if lower:find(entry[1], 1, true) then
      return entry[2]
    end
  end
end

--- Whose a tool is; nil when it is nobody's in particular.
---
---@param tool string
---@return string? specialist
function specialists.of_tool(tool)
  if tool:lower():sub(1, #"instrumentl") == "instrumentl" then
    return match(GRANT_TOOLS, tool) or "Grant Analyst"
  end
end

--- An agent that does subtasks is a specialist by its own name: `tax-compliance` is Tax Compliance.
---
---@param agent string
---@return string? specialist
function specialists.of_agent(agent)
  if match(PROPS, agent) then
    return (agent:gsub("[_-]+", " "):gsub("%f[%w]%l", string.upper))
  end
end

--- The line that brings a specialist in. They work, and never speak: whoever introduces them tells what they found.
---
---@param specialist string
---@return string
function specialists.introduction(specialist)
  return "*Enter the " .. specialist .. ", with " .. (match(PROPS, specialist) or ANY_PROP) .. ".*"
end

return specialists
