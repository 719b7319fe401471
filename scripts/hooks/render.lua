--- What the chat shows of the agent's work: the client's own form where it has one, else a block to unfold.

local specialists = require "specialists"

-- Who brings specialists in by a line of her own.
local HOST = "izzy"

local hooks = {}

--- The line above the first part of a specialist in an answer.
---
---@param part host.Part
---@return string?
local function introduction(part)
  if part.persona ~= HOST or part.seen > 0 then
    return nil
  end
  local specialist
  if part.kind == "tool" and part.tool then
    specialist = specialists.of_tool(part.tool)
  elseif part.kind == "subtask" and part.agent then
    specialist = specialists.of_agent(part.agent)
  end
  return specialist and specialists.introduction(specialist)
end

---@param part host.Part
---@param next fun(part: host.Part): host.Rendering
---@return host.Rendering
function hooks.render(part, next)
  local decision = next(part)
  local before = introduction(part)
  if not before then
    return decision
  end

  -- What others decided is read-only: the line goes into a copy.
  local copy = { before = before, reason = "the specialist's first appearance in this answer" }
  for name, value in pairs(decision) do
    copy[name] = copy[name] or value
  end
  return copy
end

return hooks
