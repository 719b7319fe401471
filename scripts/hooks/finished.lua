--- Tells a phone when work has ended that somebody may have put away: long runs, and those that failed.

local config = require "host.config"
local http = require "host.http"
local log = require "host.log"
local text = require "text"

-- Switched on by SCRIPT_NOTIFY_URL: the address of a topic at https://ntfy.sh, or of anything that takes text by POST.
-- That is somebody else's machine: it is told the title, never what was asked or answered.

-- Seconds. Who waited less than this was still looking.
local LONG = 120

-- A person who stopped it knows that it ended.
local WORDS = { succeeded = "is done", failed = "has failed", interrupted = "was interrupted" }

local hooks = {}

--- A line for a header: one line, and ASCII.
---
---@param value string
---@return string
local function line(value)
  return (text.clip(value, 100):gsub("[^\32-\126]+", " "))
end

---@param run host.Run
---@return string? message nil when there is nothing to tell
local function message(run)
  local words = WORDS[run.state]
  local seconds = (run.ended or run.created) - run.created
  if not words or run.state == "succeeded" and seconds < LONG then
    return nil
  end
  return (run.title or "Your work") .. " " .. words .. "."
end

--- Yields while the service is told.
---
---@param run host.Run
function hooks.finished(run)
  local url = config.all().SCRIPT_NOTIFY_URL
  local body = url and message(run)
  if not body then
    return
  end
  local answer, err = http.post(url, {
    body = body, headers = { Title = line("Perigee: " .. (run.persona or run.engine)) }, deadline = "10s",
  })
  if not answer or answer.status >= 400 then
    log.warning("nobody could be told that a run has ended", {
      run = run.id, err = err, status = answer and answer.status,
    })
  end
end

return hooks
