local attached = require "attached"

describe("what a model's owner attached", function()
  it("is what the host found, else the custom parameter of the body", function()
    local parameter = { persona = { template = "izzy" } }
    expect(attached.to { meta = { a = 1 }, extra = { open_persona = parameter } }).equals { a = 1 }
    expect(attached.to { meta = {}, extra = { open_persona = parameter } }).equals(parameter)
    expect(attached.to { meta = {}, extra = { open_persona = "izzy" } }).equals {}
    expect(attached.to { meta = {}, extra = {} }).equals {}
  end)

  it("is looked into whatever it is", function()
    expect(attached.dig({ a = { b = false } }, "a", "b")).is_false()
    expect(attached.dig({ a = "text" }, "a", "b")).is_nil()
    expect(attached.dig(5, "a")).is_nil()
    expect(attached.dig({}, "a", "b", "c")).is_nil()
  end)
end)

describe("settings", function()
  local PERSONA = {
    settings = {
      self_reference_level = { type = "number", min = 0, max = 1, default = 0.35 },
      tone = { type = "string" }, terse = { type = "boolean" }, topics = { type = "list" },
      steps = { type = "integer", min = 1, max = 9 }, weight = { type = "number" },
      form = { type = "string", choices = { "short", "long" } }, name = { type = "string", min = 1, max = 3 },
    },
  }

  local function level(value)
    return attached.settings({ memory = { self_reference_level = value } }, PERSONA).self_reference_level
  end

  local function own(values)
    return attached.settings({ settings = values }, PERSONA)
  end

  it("are brought into their range", function()
    expect(level(0.5)).equals(0.5)
    expect(level(7)).equals(1)
    expect(level(-1)).equals(0)
    expect(level("0.25")).equals(0.25)
    expect(level(1 / 0)).equals(1)
    expect(own { steps = 100 }).equals { steps = 9 }
    expect(own { steps = 3.7 }).equals { steps = 3 }
    expect(own { weight = -1e9 }).equals { weight = -1e9 }
  end)

  it("count as the least where they are no number", function()
    expect(level(0 / 0)).equals(0)
    expect(level("a lot")).equals(0)
    expect(level({})).equals(0)
    expect(level(true)).equals(0)
    expect(own { weight = "heavy" }).equals { weight = 0 }
  end)

  it("are left at their default where nothing is said, or something of another type", function()
    expect(own({})).equals {}
    expect(own { tone = 5, terse = "yes", topics = "a" }).equals {}
    expect(own { weight = "1e999" }).equals {}
    expect(own { form = "endless", name = "" }).equals {}
    expect(own { form = "long", name = "Ann" }).equals { form = "long", name = "Ann" }
    expect(own { name = "Anne" }).equals {}
    expect(own { tone = "dry", terse = false, topics = { "a" } })
      .equals { tone = "dry", terse = false, topics = { "a" } }
  end)

  it("are those that the persona has", function()
    expect(own { colour = "red" }).equals {}
    expect(attached.settings({ memory = { self_reference_level = 1 } }, { settings = {} })).equals {}
    expect(attached.settings({ memory = { self_reference_level = 1 } }, {})).equals {}
  end)
end)

describe("switches", function()
  it("are on or off for the persona's integrations, and no others", function()
    local meta = { integrations = {
      instrumentl = { enabled = true }, notes = { enabled = false }, weather = { enabled = true },
    } }
    expect(attached.switches(meta, { integrations = { "instrumentl", "notes", "mail" } }))
      .equals { instrumentl = true, notes = false }
    expect(attached.switches(meta, { integrations = {} })).equals {}
  end)

  it("are left alone where nothing clear is said", function()
    local meta = { integrations = { instrumentl = true, notes = { enabled = "yes" } } }
    expect(attached.switches(meta, { integrations = { "instrumentl", "notes" } })).equals {}
  end)
end)
