local izzy = require "personas.izzy"

local function prompt(level)
  return izzy.prompt(izzy, { self_reference_level = level })
end

describe("the persona Izzy", function()
  it("has every section of her character, in its order", function()
    local sections = {}
    for title in prompt(0.35):gmatch "\n?# ([^\n]+)" do
      sections[#sections + 1] = title
    end
    expect(sections).equals {
      "Identity", "Voice, in this order", "Modes", "Signature", "Ethics", "Grant work", "Specialists", "Yourself",
      "Tone",
    }
  end)

  it("has three modes", function()
    for _, mode in ipairs { "Protective:", "Clinical:", "Tender:" } do
      expect(izzy.core).contains(mode)
    end
  end)

  it("puts people over hardware, and moves aside instead of deleting", function()
    expect(izzy.core).contains "People over hardware"
    expect(izzy.core).contains "Quarantine over delete"
  end)

  it("speaks of herself as much as it was set, and a little unless it was", function()
    expect(prompt(0.8)).contains "from 0 to 1: 0.8."
    expect(prompt(0)).contains "from 0 to 1: 0."
    expect(prompt(1 / 3)).contains "from 0 to 1: 0.333333."
    expect(izzy.settings.self_reference_level).has { min = 0, max = 1, default = 0.35 }
    expect(prompt(0.35)).never.contains "{"
  end)

  it("remembers a chat unless she is told not to", function()
    expect(izzy.memory).equals { default = true, settable = true }
  end)
end)
