local pages = require "pages"

--- A listing function over so many items that remembers how often it was asked.
local function listing(count)
  local asked = 0
  return function(query)
    asked = asked + 1
    local page, first = {}, query.after and tonumber(query.after) + 1 or 1
    for number = first, math.min(count, first + query.limit - 1) do
      page[#page + 1] = { id = tostring(number), mark = query.mark }
    end
    return page
  end, function() return asked end
end

local function seen(count, most)
  local list, asked = listing(count)
  local items = {}
  pages.each(list, { mark = "x" }, most or 100000, function(item) items[#items + 1] = item end)
  return items, asked()
end

describe("pages", function()
  it("are read one after the other, until one is not full", function()
    local items, asked = seen(2500)
    expect(#items).equals(2500)
    expect(items[2500]).has { id = "2500", mark = "x" }
    expect(asked).equals(11)
  end)

  it("end with an empty list, and at the bound", function()
    expect(#seen(0)).equals(0)
    expect(#seen(5000, 1600)).equals(1750)
  end)

  it("raise what the list says", function()
    local ok, err = pcall(pages.each, function() return nil, "no" end, {}, 10, function() end)
    expect(ok).equals(false)
    expect(tostring(err):find("no$") ~= nil).equals(true)
  end)
end)
