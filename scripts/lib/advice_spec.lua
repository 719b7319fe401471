local advice = require "advice"

describe("advice", function()
  it("makes a sentence of a failure's own words", function()
    expect(advice.said { kind = "other", message = "the disk is slow" }).equals "The disk is slow."
    expect(advice.said { kind = "other", message = "Is it there?" }).equals "Is it there?"
  end)

  it("names what is missing before it says what to do", function()
    local words = advice.for_user { kind = "model_missing", message = "there is no model x" }
    expect(words:find("There is no model x. Choose another model", 1, true)).equals(1)
    expect(advice.for_user({ kind = "out_of_memory", message = "killed" }):find "killed").equals(nil)
  end)

  it("has none for what nobody can mend by reading", function()
    expect(advice.for_user { kind = "agent_gone", message = "gone" }).equals(nil)
    expect(advice.without_runner { kind = "agent_gone", message = "gone" }).equals(nil)
    expect(advice.without_runner({ kind = "runners_full", message = "full" }):find "Nothing of this was begun" ~= nil)
      .equals(true)
  end)
end)
