local values = require "gc.values"

describe("expired values", function()
  it("are one thing to remove, whether there are any or not", function()
    local removed = {}
    values.plan {
      remove = function(item, reason) removed[#removed + 1] = item.kind .. " " .. item.id .. ": " .. reason end,
    }
    expect(removed).equals { "script_value expired: nobody can read them" }
  end)
end)
