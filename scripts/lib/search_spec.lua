local search = require "search"

local rivers = { id = 1, name = "Clean rivers", funder = { name = "River Trust" }, about = "water in towns" }
local schools = { id = 2, name = "Schools", about = "books, and water for gardens" }
local roads = { id = 3, name = "Roads" }

describe("search", function()
  it("leaves out short words and marks", function()
    expect(search.words "Water, in a Town!").equals { "water", "town" }
  end)

  it("puts a name before a mention, and what has nothing out", function()
    expect(search.best({ roads, schools, rivers }, "water rivers")).equals { rivers, schools }
  end)

  it("keeps the order of what is equally good", function()
    expect(search.best({ schools, rivers }, "water")).equals { schools, rivers }
  end)

  it("looks into tables inside", function()
    expect(search.score(rivers, { "trust" })).equals(1)
  end)

  it("cuts long texts, and only those", function()
    expect(search.brief({ a = "12345", b = { "678", 9, true } }, 3)).equals { a = "123", b = { "678", 9, true } }
  end)
end)
