local planned = require "planned"

local job = {
  plan = function(add)
    add.remove({ id = "a", label = "An old one" }, "unused")
    add.keep({ id = "b", label = "A young one" }, "in use")
  end,
}

describe("what a plan says", function()
  it("is told by id, by a field, or as a function has it", function()
    local goes, stays = planned.lines(job)
    expect(goes).equals { "a: unused" }
    expect(stays).equals { "b: in use" }
    expect((planned.lines(job, "label"))).equals { "An old one: unused" }
    expect((planned.lines(job, function(item) return item.id:upper() end))).equals { "A: unused" }
  end)

  it("can be ids alone", function()
    local goes, stays = planned.ids(job)
    expect(goes).equals { "a" }
    expect(stays).equals { "b" }
  end)
end)
