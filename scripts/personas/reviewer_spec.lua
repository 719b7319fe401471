local reviewer = require "personas.reviewer"

local function prompt(strictness)
  return reviewer.prompt(reviewer, { strictness = strictness })
end

describe("the persona reviewer", function()
  it("always tells its core first", function()
    expect(prompt(0):sub(1, #reviewer.core)).equals(reviewer.core)
  end)

  it("reports more the stricter it is", function()
    expect(prompt(0)).contains "what is wrong"
    expect(prompt(0)).never.contains "missing tests"
    expect(prompt(0.5)).contains "missing tests"
    expect(prompt(0.5)).never.contains "harder to read"
    expect(prompt(1)).contains "harder to read"
  end)

  it("may look at the history, and change nothing", function()
    expect(reviewer.permission.edit).equals "deny"
    expect(reviewer.permission.bash["*"]).equals "deny"
  end)
end)
