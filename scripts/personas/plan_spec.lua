local plan = require "personas.plan"

describe("the persona plan", function()
  it("can read the web, and change nothing", function()
    expect(plan.permission).equals { edit = "deny", bash = "deny", webfetch = "allow" }
    expect(plan.agent).equals "plan"
  end)
end)
