--- Grants from Instrumentl: those that its matching found for the user's account, searched by words.

local config = require "host.config"
local crypto = require "host.crypto"
local http = require "host.http"
local search = require "search"
local store = require "host.store"

local KEY = "INSTRUMENTL_API_KEY"
local ADDRESS = "https://api.instrumentl.com/v1" -- SCRIPT_INSTRUMENTL_URL names another

-- Its list has no search by words of its own, so that many of the newest matches are read and searched here.
local PAGES = 4
local PAGE = 50
local A_MINUTE = 30 -- requests that one user's tools may lead to
local LONGEST = 600 -- of a text in a list; a single grant is given whole

local cache = store.namespace("instrumentl", { ttl = "15m" })
local calls = store.namespace("instrumentl-calls", { ttl = "1m" })

local function failure(kind, message, status)
  return { kind = kind, message = message, retryable = kind == "over_budget" or kind == "unavailable", status = status }
end

local WITHOUT_KEY = "Instrumentl is not connected: the user has to give the key " .. KEY
  .. " (in Instrumentl: account settings, API; written as ID:PRIVATE_KEY). Tell them, and do not make grants up."

local REFUSALS = {
  [401] = failure("unauthenticated", "Instrumentl does not take the key " .. KEY, 401),
  [402] = failure("denied", "the Instrumentl account has no API subscription", 403),
  [403] = failure("denied", "the Instrumentl account may not do this", 403),
  [404] = failure("not_found", "Instrumentl has no grant of this id", 404),
  [429] = failure("over_budget", "Instrumentl asks to wait: it has had too many requests", 429),
}

--- Two keys in one are an id and its secret.
local function authorization(key)
  return key:find(":", 1, true) and "Basic " .. crypto.base64_encode(key) or "Bearer " .. key
end

--- Asks the API, or the cache. Yields.
local function ask(caller, path, query, ttl)
  local key = caller.keys[KEY]
  -- What one account sees is not what another does.
  local place = crypto.sha256(key .. "\n" .. path .. "\n" .. (query and query.cursor or ""))
  local known = cache:get(place)
  if known then
    return known
  end
  if (calls:increment(crypto.sha256(caller.user), 1, { ttl = "1m" }) or 0) > A_MINUTE then
    return nil, failure("over_budget", "that is more than " .. A_MINUTE .. " requests in a minute: wait one", 429)
  end

  local base = config.all().SCRIPT_INSTRUMENTL_URL or ADDRESS
  local answer, err = http.get(base:gsub("/+$", "") .. path, {
    query = query, deadline = "20s", max_size = "4MB",
    headers = { Authorization = authorization(key), Accept = "application/json" },
  })
  if not answer then
    return nil, err
  end
  if answer.status ~= 200 or type(answer.json) ~= "table" then
    return nil, REFUSALS[answer.status]
      or failure("unavailable", "Instrumentl answered with status " .. answer.status .. " and no grants", 503)
  end
  cache:set(place, answer.json, { ttl = ttl }) -- what is too large to keep is asked for again
  return answer.json
end

--- Yields for each page.
local function search_grants(input, caller)
  if not caller.keys[KEY] then
    return WITHOUT_KEY
  end
  local grants, cursor = {}, nil
  for _ = 1, PAGES do
    local page, err = ask(caller, "/grants", { page_size = PAGE, cursor = cursor })
    if not page then
      return nil, err
    end
    table.move(page.grants or {}, 1, #(page.grants or {}), #grants + 1, grants)
    cursor = page.meta and page.meta.has_more and page.meta.cursor or nil
    if not cursor then
      break
    end
  end

  local found = search.best(grants, input.criteria)
  if #found == 0 then
    return "None of the " .. #grants .. " newest grants that Instrumentl found for this account has any of these words."
  end
  local shown = table.move(found, 1, math.min(input.limit, #found), 1, {})
  return { grants = search.brief(shown, LONGEST), found = #found, searched = #grants, more_unread = cursor ~= nil }
end

return {
  name = "instrumentl",
  description = "Grants that Instrumentl found for the user's organization.",
  keys = { KEY },

  tools = {
    search_grants = {
      description = "Searches the grants that Instrumentl matched to this account by words, best first: field of "
        .. "work, place, kind of funder. Give id and name of each in the answer.",
      read_only = true,
      timeout = "55s",
      input = {
        criteria = { type = "string", min = 2, max = 500, required = true, description = "Words to look for." },
        limit = { type = "integer", min = 1, max = 50, default = 10, description = "The most grants to give." },
      },
      call = search_grants,
    },

    get_grant = {
      description = "One grant with all that Instrumentl knows of it: eligibility, amounts, deadlines.",
      read_only = true,
      input = { id = { type = "string", min = 1, max = 64, required = true, description = "Its id." } },

      --- Yields.
      call = function(input, caller)
        if not caller.keys[KEY] then
          return WITHOUT_KEY
        end
        if not input.id:match("^[%w_-]+$") then
          return nil, failure("invalid_input", "an id has letters, digits, `_` and `-` only", 400)
        end
        return ask(caller, "/grants/" .. input.id, nil, "6h")
      end,
    },
  },
}
