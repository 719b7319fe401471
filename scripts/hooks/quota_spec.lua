local hooks = require "hooks.quota"

describe("quota", function()
  it("limits nobody as it is shipped", function()
    local used = { runs = 10000, failed = 0, input_tokens = 1e9, output_tokens = 1e9, cost = 10000 }
    local allowance = hooks.quota { user = { key = "ann" }, today = used, month = used, unfinished = 99 }
    expect(allowance).equals { reason = "nothing is limited" }
  end)
end)
