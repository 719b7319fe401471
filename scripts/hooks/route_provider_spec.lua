local route = require("hooks.route_provider").route_provider

--- A provider that is well, but for these facts.
local function provider(name, facts)
  local candidate = {
    name = name, type = "openai_compatible", model = "m", primary = false, breaker = "closed", in_flight = 0,
  }
  for field, value in pairs(facts or {}) do
    candidate[field] = value
  end
  return candidate
end

local function decided(...)
  return route({ id = "r1" }, { ... })
end

describe("route_provider", function()
  it("asks the one that was asked for, then the others as the owner has them", function()
    local asked = provider("claude", { primary = true, input_cost = 15 })
    local told = decided(asked, provider("local"), provider("gpt", { input_cost = 1 }))
    expect(told.order).equals { "claude", "local", "gpt" }
    expect(told.reason).contains "asked for"
  end)

  it("leaves out what is down or used up", function()
    local down = provider("claude", { primary = true, breaker = "open", retry_in = 20 })
    local full = provider("local", { quota = { limit = 3, used = 3, resets_in = 40 } })
    local told = decided(down, full, provider("gpt"))
    expect(told.order).equals { "gpt" }
    expect(told.reason).contains "claude cannot"
  end)

  it("tries last what has to show that it is back, and late what is nearly used up", function()
    local back = provider("claude", { primary = true, breaker = "half_open" })
    local scarce = provider("local", { quota = { limit = 100, used = 95, resets_in = 40 } })
    expect(decided(back, scarce, provider("gpt")).order).equals { "gpt", "local", "claude" }
    expect(decided(back).order).equals { "claude" }
  end)

  it("waits for the first that can be asked again, and never for longer than anybody watches", function()
    local down = provider("claude", { primary = true, breaker = "open", retry_in = 20 })
    local full = provider("local", { quota = { limit = 3, used = 3, resets_in = 12 } })
    expect(decided(down, full)).has { wait = 12 }
    local for_hours = { quota = { limit = 3, used = 3, resets_in = 7200 } }
    expect(decided(provider("local", for_hours)).wait).equals(60)
    expect(decided(provider("local", { breaker = "open", retry_in = 0.01 })).wait).equals(1)
  end)
end)
