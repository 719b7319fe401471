local draft = require "personas.grant_draft"

describe("the persona grant-draft", function()
  it("checks the funder's rules before it writes", function()
    local rules = draft.core:find("Compliance first", 1, true)
    local form = draft.core:find("Form.", 1, true)
    expect(rules ~= nil and form ~= nil and rules < form).is_true()
  end)

  it("neither speaks of itself nor jokes", function()
    expect(draft.core).contains "never speak of yourself, never joke"
    expect(draft.settings).is_nil()
  end)

  it("shows grants in one form, and says when it cannot search", function()
    expect(draft.core).contains "Title, Sponsor, Deadline, Amount, Link, Why"
    expect(draft.core).contains "switched off"
  end)

  it("remembers nothing between turns until its owner wants it", function()
    expect(draft.memory).equals { default = false, settable = true }
  end)
end)
