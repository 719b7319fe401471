--- Which model provider answers a run that asks a model directly, and how long it waits where none can.

-- This share of a quota: what is left of it is kept for those who ask for the provider by name.
local NEARLY_USED_UP = 0.9

-- Seconds. Nobody watches an empty answer for longer than this; the run is asked about again then, so that a provider
-- that is back early is not missed.
local LONGEST_WAIT = 60
local SHORTEST_WAIT = 1

local hooks = {}

--- How soon it may be asked: 0 for now.
---
---@param candidate host.Candidate
---@return number seconds
local function wait_for(candidate)
  if candidate.breaker == "open" then
    return candidate.retry_in or SHORTEST_WAIT
  end
  local quota = candidate.quota
  if quota and quota.used >= quota.limit then
    return quota.resets_in
  end
  return 0
end

--- The one that the run asks for goes first, whatever others cost: it was chosen. After it come those that are well and
--- have room, in the owner's order; then those that are nearly used up or have to show that they are back.
---
---@param candidate host.Candidate
---@return integer rank
local function rank(candidate)
  local quota = candidate.quota
  local is_scarce = quota ~= nil and quota.used >= quota.limit * NEARLY_USED_UP
  if candidate.breaker == "half_open" then
    return 4
  elseif candidate.primary then
    return 1
  end
  return is_scarce and 3 or 2
end

---@param candidates host.Candidate[]
---@return string[] names the first to try first
local function in_order(candidates)
  local ranked = {}
  for place, candidate in ipairs(candidates) do
    if wait_for(candidate) == 0 then
      ranked[#ranked + 1] = { name = candidate.name, rank = rank(candidate), place = place }
    end
  end
  table.sort(ranked, function(a, b)
    if a.rank ~= b.rank then
      return a.rank < b.rank
    end
    return a.place < b.place
  end)
  local names = {}
  for index, entry in ipairs(ranked) do
    names[index] = entry.name
  end
  return names
end

---@param candidates host.Candidate[]
---@return host.ProviderRoute
function hooks.route_provider(_, candidates)
  local order = in_order(candidates)
  if #order > 0 then
    local first = order[1] == candidates[1].name
    return { order = order, reason = first and "as it was asked for" or candidates[1].name .. " cannot be asked now" }
  end
  local soonest = LONGEST_WAIT
  for _, candidate in ipairs(candidates) do
    soonest = math.min(soonest, wait_for(candidate))
  end
  return { wait = math.max(soonest, SHORTEST_WAIT), reason = "every provider is used up or down just now" }
end

return hooks
