--- Forgets chats that nobody has come back to, and agents that no chat uses any more.

local pages = require "pages"
local runs = require "host.runs"
local time = require "host.time"
local workspaces = require "host.workspaces"

-- A chat that is forgotten is not lost: its client has the text, and the next turn begins a new session with it.
local KEEP_CHATS = time.days(180)
-- Agents are only entries in a workspace's configuration, which the next turn with one makes again.
local KEEP_AGENTS = time.days(30)

local MOST = 20000 -- of each in a night

return {
  name = "chats",
  description = "Forgets chats and agents that nobody has used for long.",
  schedule = "30 4 * * *",
  jitter = "20m",
  catch_up = "one",

  --- Yields while chats and agents are read.
  plan = function(add)
    pages.each(runs.chats, { unused_for = KEEP_CHATS }, MOST, function(chat)
      if chat.pinned then
        add.keep(chat, "one of its runs is pinned")
      else
        add.remove(chat, "unused for " .. time.human(time.since(chat.last_used)))
      end
    end)
    pages.each(workspaces.agents, { unused_for = KEEP_AGENTS }, MOST, function(agent)
      add.remove(agent, "unused for " .. time.human(time.since(agent.last_used)))
    end)
  end,
}
