--- Compares what a user has used with what they may: for the hook `quota`.

local limits = {}

---@class limits.Limits
---@field runs_today? integer
---@field runs_month? integer
---@field tokens_today? integer
---@field tokens_month? integer
---@field cost_today? number dollars
---@field cost_month? number dollars
---@field unfinished? integer

---@param used host.Used
---@return integer
local function tokens(used)
  return used.input_tokens + used.output_tokens
end

-- Each limit, how a refusal says it, and what it is compared with.
local MEASURES = {
  { name = "runs_today", words = "runs of today", of = function(demand) return demand.today.runs end },
  { name = "runs_month", words = "runs of this month", of = function(demand) return demand.month.runs end },
  { name = "tokens_today", words = "tokens of today", of = function(demand) return tokens(demand.today) end },
  { name = "tokens_month", words = "tokens of this month", of = function(demand) return tokens(demand.month) end },
  { name = "cost_today", words = "dollars of today", of = function(demand) return demand.today.cost end },
  { name = "cost_month", words = "dollars of this month", of = function(demand) return demand.month.cost end },
  { name = "unfinished", words = "runs at a time", of = function(demand) return demand.unfinished end },
}

--- The first limit that is reached refuses. Without limits everybody may.
---
---@param demand host.Demand
---@param given limits.Limits
---@return host.Allowance
function limits.judge(demand, given)
  for _, measure in ipairs(MEASURES) do
    local limit, used = given[measure.name], measure.of(demand)
    if limit and used >= limit then
      return {
        refuse = ("your %s %s are used up"):format(limit, measure.words),
        hint = measure.name == "unfinished" and "wait until one of them has ended"
          or "ask whoever runs this server for more",
        reason = ("%s: %s of %s"):format(measure.name, used, limit),
      }
    end
  end
  return { reason = next(given) and "within the limits" or "nothing is limited" }
end

return limits
