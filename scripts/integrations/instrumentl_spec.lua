local tools = require("integrations.instrumentl").tools

local ann = { user = "ann", keys = { INSTRUMENTL_API_KEY = "id:secret" } }
local bob = { user = "bob", keys = { INSTRUMENTL_API_KEY = "other:secret" } }
local GRANTS = "https://api.instrumentl.com/v1/grants"

-- As the API answers, cut to what matters here.
local PAGE = {
  status = 200,
  json = {
    grants = {
      { id = 11, slug = "rural-libraries", name = "Rural Libraries Fund", overview = "Books for small towns." },
      { id = 12, slug = "clean-water", name = "Clean Water Grants", overview = "Rivers and wells." },
      { id = 13, slug = "towns", name = "Town Halls", overview = ("Repairs of water pipes. "):rep(100) },
    },
    meta = { has_more = false, cursor = nil },
  },
}

local function find(criteria, caller, limit)
  return tools.search_grants.call({ criteria = criteria, limit = limit or 10 }, caller or ann)
end

describe("instrumentl", function()
  it("says plainly that there is no key, and asks nobody", function()
    expect(find("water", { user = "ann", keys = {} })).contains "not connected"
    expect(tools.get_grant.call({ id = "11" }, { user = "ann", keys = {} })).contains "INSTRUMENTL_API_KEY"
    expect(#fake.http.requests()).equals(0)
  end)

  it("finds grants by words, best first, with long texts cut", function()
    fake.http.reply("GET", GRANTS, PAGE)
    local answer = find "clean water"
    expect(answer.grants[1].id).equals(12)
    expect(answer.grants[2].id).equals(13)
    expect(#answer.grants[2].overview <= 600).is_true()
    expect(answer).has { found = 2, searched = 3, more_unread = false }
    expect(fake.http.requests()[1].headers.authorization).equals "Basic aWQ6c2VjcmV0"
  end)

  it("gives no more than was asked for, and says when there is nothing", function()
    fake.http.reply("GET", GRANTS, PAGE)
    expect(#find("water", ann, 1).grants).equals(1)
    expect(find "submarines").contains "None of the 3"
  end)

  it("reads on where there is more, up to a bound", function()
    local pages = {}
    for number = 1, 5 do
      pages[number] = {
        json = { grants = { { id = number, name = "Water" } }, meta = { has_more = true, cursor = "c" .. number } },
      }
    end
    fake.http.reply("GET", GRANTS, pages)
    expect(find "water").has { searched = 4, more_unread = true }
    expect(fake.http.requests()[2].url).contains "cursor=c1"
  end)

  it("asks once for what it knows, and for each account apart", function()
    fake.http.reply("GET", GRANTS, { PAGE, PAGE, PAGE })
    find "water"
    find "books"
    expect(#fake.http.requests()).equals(1)
    find("water", bob)
    expect(#fake.http.requests()).equals(2)
    fake.clock.advance "16m"
    find "water"
    expect(#fake.http.requests()).equals(3)
  end)

  it("gives one grant whole, and takes nothing for an id that leads elsewhere", function()
    fake.http.reply("GET", GRANTS .. "/12", { json = { id = 12, name = "Clean Water Grants" } })
    expect(tools.get_grant.call({ id = "12" }, ann)).has { name = "Clean Water Grants" }
    local _, err = tools.get_grant.call({ id = "../accounts/current" }, ann)
    expect(err.kind).equals "invalid_input"
  end)

  it("passes on why the service refused", function()
    local kinds = { [401] = "unauthenticated", [404] = "not_found", [429] = "over_budget", [500] = "unavailable" }
    for status, kind in pairs(kinds) do
      fake.http.reply("GET", GRANTS .. "/1", { status = status, json = { error = "no" } })
      local _, err = tools.get_grant.call({ id = "1" }, ann)
      expect(err.kind).equals(kind)
    end
  end)

  it("is bounded in a minute, for each user", function()
    for number = 1, 30 do
      fake.http.reply("GET", GRANTS .. "/" .. number, { json = { id = number } })
      tools.get_grant.call({ id = tostring(number) }, ann)
    end
    local _, err = tools.get_grant.call({ id = "31" }, ann)
    expect(err.message).contains "wait"
    fake.clock.advance "61s"
    fake.http.reply("GET", GRANTS .. "/31", { json = { id = 31 } })
    expect(tools.get_grant.call({ id = "31" }, ann)).has { id = 31 }
  end)

  it("goes where the owner says", function()
    fake.config { SCRIPT_INSTRUMENTL_URL = "https://grants.example/v9/" }
    fake.http.reply("GET", "https://grants.example/v9/grants/1", { json = { id = 1 } })
    expect(tools.get_grant.call({ id = "1" }, ann)).has { id = 1 }
  end)
end)
