--- Forgets chats that nobody has come back to, and agents that no chat uses any more.

local runs = require "host.runs"
local time = require "host.time"
local workspaces = require "host.workspaces"

-- A chat that is forgotten is not lost: its client has the text, and the next turn begins a new session with it.
local KEEP_CHATS = time.days(180)
-- Agents are only entries in a workspace's configuration, which the next turn with one makes again.
local KEEP_AGENTS = time.days(30)

local PAGE = 1000
local MOST = 20000 -- of each in a night

--- All pages of a list, one item at a time.
---
---@param list fun(page: host.UnusedPage): table?, host.Error?
---@param unused_for number
---@param each fun(item: table)
local function every(list, unused_for, each)
  local after, seen = nil, 0
  repeat
    local page = assert(list { unused_for = unused_for, after = after, limit = PAGE })
    for _, item in ipairs(page) do
      each(item)
      after = item.id
    end
    seen = seen + #page
  until #page < PAGE or seen >= MOST
end

return {
  name = "chats",
  description = "Forgets chats and agents that nobody has used for long.",
  schedule = "30 4 * * *",
  jitter = "20m",
  catch_up = "one",

  --- Yields while chats and agents are read.
  plan = function(add)
    every(runs.chats, KEEP_CHATS, function(chat)
      if chat.pinned then
        add.keep(chat, "one of its runs is pinned")
      else
        add.remove(chat, "unused for " .. time.human(time.since(chat.last_used)))
      end
    end)
    every(workspaces.agents, KEEP_AGENTS, function(agent)
      add.remove(agent, "unused for " .. time.human(time.since(agent.last_used)))
    end)
  end,
}
