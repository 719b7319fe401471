--- What the plan of a gc job says, in lines that a spec can compare.

local planned = {}

--- What goes and what stays, each as "name: reason".
---
---@param job table
---@param name? string|fun(item: table): string the field that names an item, or what does; `id` if left out
---@return string[] goes
---@return string[] stays
function planned.lines(job, name)
  local function line(item, reason)
    local word = type(name) == "function" and name(item) or item[name or "id"]
    return word .. ": " .. reason
  end
  local goes, stays = {}, {}
  job.plan {
    remove = function(item, reason) goes[#goes + 1] = line(item, reason) end,
    keep = function(item, reason) stays[#stays + 1] = line(item, reason) end,
  }
  return goes, stays
end

--- The same by their ids alone.
---
---@param job table
---@return string[] goes
---@return string[] stays
function planned.ids(job)
  local goes, stays = {}, {}
  job.plan {
    remove = function(item) goes[#goes + 1] = item.id end,
    keep = function(item) stays[#stays + 1] = item.id end,
  }
  return goes, stays
end

return planned
