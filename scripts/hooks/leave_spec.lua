local leave = require("hooks.leave").leave

describe("leave", function()
  it("stops the agent when the chat says stop", function()
    expect(leave { door = "openai", state = "running" }).has { action = "abort" }
  end)

  it("lets work go on that is followed from elsewhere, but not for ever", function()
    for _, door in ipairs { "tasks", "oz", "manage", "passage", "site" } do
      local decision = leave { door = door, state = "running" }
      expect(decision.action).equals "detach"
      expect(decision.stop_after).equals "6h"
    end
  end)
end)
