--- What the ends of job runs mean: which of them somebody should look at.

local outcomes = {}

local BAD = { failed = true, timed_out = true, interrupted = true }

---@param run host.JobRun?
---@return boolean
function outcomes.is_bad(run)
  return run ~= nil and BAD[run.outcome] == true
end

return outcomes
