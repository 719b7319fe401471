local render = require("hooks.render").render

--- As Perigee itself decides.
local function builtin(part)
  return { show = part.native and "native" or "details" }
end

--- What is shown of a part with these facts.
local function shown(facts)
  local part = {
    kind = "tool", status = "completed", door = "openai", native = true, run = "r1", seen = 0,
    tool = "instrumentl_search_grants", persona = "izzy",
  }
  for name, value in pairs(facts or {}) do
    part[name] = value
  end
  return render(part, builtin)
end

describe("render", function()
  it("uses the client's own form, else a block to unfold", function()
    for _, kind in ipairs { "tool", "reasoning", "file", "subtask" } do
      expect(shown({ kind = kind, persona = "build" })).equals { show = "native" }
      expect(shown({ kind = kind, persona = "build", native = false })).equals { show = "details" }
    end
  end)

  it("has Izzy bring a specialist in, whatever the form", function()
    expect(shown()).has { show = "native", before = "*Enter the Grant Scout, with a brass spyglass and last week's bus "
      .. "timetable.*" }
    expect(shown({ native = false })).has { show = "details" }
    expect(shown({ tool = "instrumentl_get_grant" }).before).contains "Grant Archivist"
    expect(shown({ kind = "subtask", tool = false, agent = "compliance" }).before).contains "Compliance"
  end)

  it("brings a specialist in once in an answer", function()
    expect(shown({ seen = 1 }).before).is_nil()
  end)

  it("brings nobody in for others, or for tools that are nobody's", function()
    expect(shown({ persona = "build" }).before).is_nil()
    expect(shown({ persona = false }).before).is_nil()
    expect(shown({ tool = "bash" }).before).is_nil()
    expect(shown({ kind = "subtask", agent = "explore" }).before).is_nil()
    expect(shown({ kind = "reasoning" }).before).is_nil()
  end)
end)
