local build = require "personas.build"

describe("the persona build", function()
  it("stands on the agent that may change files", function()
    expect(build).has { id = "build", agent = "build" }
  end)

  it("asks before what cannot be undone", function()
    expect(build.core).contains "cannot be undone"
  end)
end)
