local scribe = require "personas.scribe"

local function prompt(form, language)
  return scribe.prompt(scribe, { form = form, language = language or "English" })
end

describe("the persona scribe", function()
  it("always tells its core first", function()
    expect(prompt("minutes"):sub(1, #scribe.core)).equals(scribe.core)
  end)

  it("has words of its own for each form that can be chosen", function()
    local seen = {}
    for _, form in ipairs(scribe.settings.form.choices) do
      local told = prompt(form)
      expect(seen[told]).is_nil()
      seen[told] = true
    end
    expect(prompt(scribe.settings.form.default)).contains "At most a page"
  end)

  it("writes in the language that was chosen", function()
    expect(prompt("minutes", "German")).contains "Write in German."
  end)

  it("has no right to change anything", function()
    expect(scribe.agent).equals "plan"
    expect(scribe.permission).has { edit = "deny", bash = "deny" }
  end)
end)
