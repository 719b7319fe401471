--- Where a chat or run is carried out: by which engine, and who shares its runner.

local hooks = {}

---@param list string[]
---@param wanted string?
---@return boolean
local function has(list, wanted)
  for _, word in ipairs(list) do
    if word == wanted then
      return true
    end
  end
  return false
end

--- A chat stays where it began as long as that is there: its session is known only there.
---
---@param chat host.Chat
---@return string? mode
local function before(chat)
  local previous = chat.previous
  if previous and previous.engine == "opencode" and has(chat.modes, previous.runner) then
    return previous.runner
  end
end

---@param chat host.Chat
---@return host.Placement
function hooks.place(chat)
  if chat.worker then
    return { engine = "worker", worker = chat.worker, reason = "it asks for a worker" }
  end

  -- The configured way comes first. Where there is no agent at all, the rehearsal answers and says how to get one.
  local mode = before(chat) or chat.modes[1]
  if not mode or mode == "rehearsal" then
    return { engine = "rehearsal", reason = "no agent is configured" }
  end

  -- All chats of a user share a runner: they share a directory anyway, and a second runner takes seconds and memory.
  -- `isolation = "chat"` gives each chat one of its own, `"run"` each turn; both count for RUNNER_MAX_PER_USER.
  -- One that wants a repository works in a worktree of its own inside of that directory.
  return {
    engine = "opencode",
    repo = chat.repo,
    branch = chat.branch,
    runner = mode,
    isolation = "user",
    reason = before(chat) and "where its last turn ran" or "the configured way",
  }
end

return hooks
