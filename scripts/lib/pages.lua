--- Goes through lists that come page by page, in the order of their ids.

local pages = {}

local PAGE = 250

--- Every item that a listing function has for this query, at most `most` of them. Yields while a page is read.
---
---@param list fun(query: table): table?, host.Error?
---@param query table what else the function is told
---@param most integer
---@param each fun(item: table)
function pages.each(list, query, most, each)
  local asked = { limit = PAGE }
  for name, value in pairs(query) do
    asked[name] = value
  end
  local seen = 0
  repeat
    local page = assert(list(asked))
    for _, item in ipairs(page) do
      each(item)
      asked.after = item.id
    end
    seen = seen + #page
  until #page < PAGE or seen >= most
end

return pages
