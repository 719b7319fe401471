local limits = require "limits"

--- Somebody's demand, with some figures.
local function demand(today, month, unfinished)
  local function used(changes)
    local all = { runs = 0, failed = 0, input_tokens = 0, output_tokens = 0, cost = 0 }
    for name, figure in pairs(changes or {}) do
      all[name] = figure
    end
    return all
  end
  return { user = { key = "ann" }, today = used(today), month = used(month), unfinished = unfinished or 0 }
end

describe("limits", function()
  it("lets everybody in while there are none", function()
    expect(limits.judge(demand({ runs = 1000 }, { cost = 1000 }, 100), {}).refuse).is_nil()
  end)

  it("refuses at the limit, and says which", function()
    local given = { runs_today = 10 }
    expect(limits.judge(demand { runs = 9 }, given)).equals { reason = "within the limits" }
    expect(limits.judge(demand { runs = 10 }, given)).equals {
      refuse = "your 10 runs of today are used up",
      hint = "ask whoever runs this server for more",
      reason = "runs_today: 10 of 10",
    }
  end)

  it("counts tokens read and written together, and dollars", function()
    local used = { input_tokens = 600, output_tokens = 400, cost = 2.5 }
    expect(limits.judge(demand(used), { tokens_today = 1001 }).refuse).is_nil()
    expect(limits.judge(demand(used), { tokens_today = 1000 }).refuse).contains "tokens of today"
    expect(limits.judge(demand(nil, used), { cost_month = 2.5 }).refuse).contains "dollars of this month"
  end)

  it("lets nobody have more runs at a time", function()
    local refusal = limits.judge(demand(nil, nil, 3), { unfinished = 3 })
    expect(refusal.hint).equals "wait until one of them has ended"
  end)
end)
