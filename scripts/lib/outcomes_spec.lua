local outcomes = require "outcomes"

describe("outcomes", function()
  it("are bad when the work was not done", function()
    for _, outcome in ipairs { "failed", "timed_out", "interrupted" } do
      expect(outcomes.is_bad { outcome = outcome }).is_true()
    end
  end)

  it("are not bad when it was done, or another run does it", function()
    for _, outcome in ipairs { "succeeded", "skipped", "replaced" } do
      expect(outcomes.is_bad { outcome = outcome }).is_false()
    end
  end)

  it("are not bad while a run goes on, or before the first", function()
    expect(outcomes.is_bad {}).is_false()
    expect(outcomes.is_bad(nil)).is_false()
  end)
end)
