--- Finds records by words, for services that have lists but no search.

local text = require "text"

local search = {}

---@param value any
---@param found string[]
---@return string[] found all texts of a record, in small letters
local function texts(value, found)
  if type(value) == "table" then
    for _, inner in pairs(value) do
      texts(inner, found)
    end
  elseif type(value) == "string" then
    found[#found + 1] = value:lower()
  end
  return found
end

--- The words of a query. Short ones tell nothing.
---
---@param query string
---@return string[]
function search.words(query)
  local words = {}
  for word in query:lower():gmatch("[^%s%p]+") do
    if #word > 2 then
      words[#words + 1] = word
    end
  end
  return words
end

--- How many of the words a record has; those in its name count twice.
---
---@param record table
---@param words string[]
---@return integer
function search.score(record, words)
  local all = table.concat(texts(record, {}), "\n")
  local name = tostring(record.name or ""):lower()
  local sum = 0
  for _, word in ipairs(words) do
    sum = sum + (all:find(word, 1, true) and 1 or 0) + (name:find(word, 1, true) and 1 or 0)
  end
  return sum
end

--- Those with any of the words, best first, and in their own order where they are equally good.
---
---@param records table[]
---@param query string
---@return table[]
function search.best(records, query)
  local words, hits = search.words(query), {}
  for place, record in ipairs(records) do
    local score = search.score(record, words)
    if score > 0 then
      hits[#hits + 1] = { record = record, score = score, place = place }
    end
  end
  table.sort(hits, function(one, other)
    if one.score ~= other.score then
      return one.score > other.score
    end
    return one.place < other.place
  end)
  local best = {}
  for place, hit in ipairs(hits) do
    best[place] = hit.record
  end
  return best
end

--- The same with every long text cut.
---
---@param value any
---@param bytes integer how long a text may be
---@return any
function search.brief(value, bytes)
  if type(value) == "string" then
    return text.clip(value, bytes)
  elseif type(value) ~= "table" then
    return value
  end
  local short = {}
  for name, inner in pairs(value) do
    short[name] = search.brief(inner, bytes)
  end
  return short
end

return search
