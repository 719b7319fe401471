--- Notes that an agent keeps for its user from chat to chat: what they like, what was decided, where things are.

local crypto = require "host.crypto"
local store = require "host.store"
local text = require "text"
local time = require "host.time"

local notes = store.namespace "notes"

local MOST = 200 -- of one user; a page of the list shows them all

--- Where a user's notes are. No user can give a title that leads to another user's.
---
---@param caller host.Caller
---@return string
local function prefix(caller)
  return crypto.sha256(caller.user) .. "/"
end

--- Titles that differ in their case alone are one note.
---
---@param caller host.Caller
---@param title string
---@return string
local function key(caller, title)
  return prefix(caller) .. text.trim(title):lower()
end

local TITLE = { type = "string", min = 1, max = 100, required = true, description = "The note's title." }

return {
  name = "notes",
  description = "Notes about the user that last from chat to chat.",

  tools = {
    save = {
      description = "Saves a note for later chats with this user, or replaces the one of the same title. Save what the "
        .. "user wants remembered, and decisions that later work builds on; never passwords or keys.",
      input = {
        title = TITLE,
        text = { type = "string", min = 1, max = 16000, required = true, description = "What to remember." },
      },

      --- Yields while the note is written.
      call = function(input, caller)
        local mine, err = notes:list(prefix(caller), { limit = MOST })
        if not mine then
          return nil, err
        end

        local place = key(caller, input.title)
        local old = notes:get(place)
        if not old and #mine >= MOST then
          return "There are " .. MOST .. " notes already: remove one first."
        end

        local saved, failure = notes:set(place, {
          title = text.trim(input.title), text = input.text, saved = time.iso(),
        })
        if not saved then
          return nil, failure
        end
        return old and "Replaced." or "Saved."
      end,
    },

    read = {
      description = "Reads a note by its title.",
      input = { title = TITLE },
      read_only = true,

      call = function(input, caller)
        local note, err = notes:get(key(caller, input.title))
        if err then
          return nil, err
        end
        return note or "There is no note of this title."
      end,
    },

    list = {
      description = "Lists the titles of all notes about this user. Look here when a chat begins.",
      read_only = true,

      call = function(_, caller)
        local mine, err = notes:list(prefix(caller), { limit = MOST })
        if not mine then
          return nil, err
        end
        local titles = {}
        for _, item in ipairs(mine) do
          titles[#titles + 1] = { title = item.value.title, saved = item.value.saved }
        end
        return #titles > 0 and titles or "There are no notes yet."
      end,
    },

    remove = {
      description = "Removes a note that is no longer true or wanted.",
      input = { title = TITLE },

      call = function(input, caller)
        local removed, err = notes:remove(key(caller, input.title))
        if err then
          return nil, err
        end
        return removed and "Removed." or "There is no note of this title."
      end,
    },
  },
}
