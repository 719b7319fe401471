local choose = require("hooks.persona").persona

local LEVEL = { type = "number", min = 0, max = 1, default = 0.35 }

local PERSONAS = {
  { id = "build", name = "Build", description = "", agent = "build", integrations = {}, memory = true },
  { id = "plan", name = "Plan", description = "", agent = "plan", integrations = {}, memory = true },
  {
    id = "izzy", name = "Izzy", description = "", agent = "build", integrations = { "instrumentl", "notes" },
    memory = true, memory_settable = true, settings = { self_reference_level = LEVEL },
  },
  {
    id = "grant-draft", name = "Grant draft", description = "", agent = "build", integrations = { "instrumentl" },
    memory = false, memory_settable = true, settings = {},
  },
  {
    id = "steady", name = "Steady", description = "", agent = "plan", integrations = {}, memory = false,
    memory_settable = false, settings = {},
  },
}

--- What is chosen for a request with these facts.
local function choice(facts, personas)
  local request = {
    door = "openai", model = "open-persona/build", stream = true, has_tools = false, messages = {},
    user = { key = "ann", source = "key" }, meta = {}, extra = {}, headers = {},
  }
  for name, value in pairs(facts) do
    request[name] = value
  end
  return choose(request, personas or PERSONAS)
end

local function template(name)
  return { persona = { template = name } }
end

describe("the choice of a persona", function()
  it("is the template that the model's owner chose, whatever its case", function()
    expect(choice({ meta = template "Izzy", model_id = "grant-draft" }).persona).equals "izzy"
    expect(choice({ meta = template " GRANT-DRAFT " }).persona).equals "grant-draft"
  end)

  it("knows the grant writer by the name of before", function()
    expect(choice({ meta = template "no-nonsense-grant-draft" }).persona).equals "grant-draft"
    expect(choice({ model_id = "no-nonsense-grant-draft" }).persona).equals "grant-draft"
  end)

  it("is the client's own model where there is no template", function()
    expect(choice({ model_id = "Izzy" }).persona).equals "izzy"
    expect(choice({ model_id = "izzy", meta = template "  " }).persona).equals "izzy"
    expect(choice({ model_id = "team/izzy", model = "open-persona/plan" }).persona).equals "izzy"
  end)

  it("does not ask the client's own model where there is a template that nobody knows", function()
    expect(choice({ model_id = "izzy", meta = template "house-style" }).persona).equals "build"
  end)

  it("is the model's own name else, with whatever prefix", function()
    expect(choice({ model = "open-persona/izzy" }).persona).equals "izzy"
    expect(choice({ model = "oc.open-persona/grant-draft", model_id = "my-writer" }).persona).equals "grant-draft"
  end)

  it("is plan for every other name with plan in it, and build for all others", function()
    expect(choice({ model = "open-persona/plan" }).persona).equals "plan"
    expect(choice({ model = "My-PLAN-model" }).persona).equals "plan"
    expect(choice({ model = "open-persona/build" }).persona).equals "build"
    expect(choice({ model = "gpt-4o" }).persona).equals "build"
    expect(choice({ model = "open-persona/build", model_id = "holiday-plan" }).persona).equals "build"
  end)

  it("is refused where nothing is offered", function()
    local decision = choice({ model = "open-persona/build" }, { PERSONAS[3] })
    expect(decision.persona).is_nil()
    expect(decision.refuse).contains "open-persona/build"
  end)

  it("keeps a persona from changing things over the model plan", function()
    expect(choice({ model = "open-persona/plan", model_id = "izzy" })).has { persona = "izzy", agent = "plan" }
    expect(choice({ model = "open-persona/build", model_id = "izzy" }).agent).is_nil()
    expect(choice({ model = "open-persona/plan" }).agent).is_nil()
  end)
end)

describe("what the model's owner attached", function()
  it("can come as a custom parameter of the body", function()
    local extra = { open_persona = { persona = { template = "izzy" }, memory = { enabled = false } } }
    expect(choice({ extra = extra })).has { persona = "izzy", memory = false }
  end)

  it("counts before a custom parameter, which anybody can write", function()
    local extra = { open_persona = template "grant-draft" }
    expect(choice({ extra = extra, meta = template "izzy" }).persona).equals "izzy"
  end)

  it("decides on memory where the persona lets it", function()
    local function memory(model, enabled)
      return choice({ model = "open-persona/" .. model, meta = { memory = { enabled = enabled } } }).memory
    end
    expect(memory "izzy").is_true()
    expect(memory("izzy", false)).is_false()
    expect(memory "grant-draft").is_false()
    expect(memory("grant-draft", true)).is_true()
    expect(memory("grant-draft", "yes")).is_false()
    expect(memory("steady", true)).is_false()
  end)

  it("sets what the persona has to set, and switches its integrations", function()
    local meta = {
      memory = { self_reference_level = 7 },
      integrations = { notes = { enabled = false }, weather = { enabled = true } },
    }
    expect(choice({ model = "open-persona/izzy", meta = meta }))
      .has { settings = { self_reference_level = 1 }, integrations = { notes = false } }
    expect(choice({ model = "open-persona/build", meta = meta })).has { settings = {}, integrations = {} }
  end)

  it("harms nobody when it is nonsense", function()
    local nonsense = { "x", 5, true, {}, { persona = "izzy" }, { persona = { template = {} } },
      { memory = "on", integrations = { instrumentl = true, notes = 1 }, settings = "all" } }
    for _, value in ipairs(nonsense) do
      expect(choice({ extra = { open_persona = value } }).persona).equals "build"
      expect(choice({ model = "open-persona/izzy", extra = { open_persona = value } }).persona).equals "izzy"
    end
  end)
end)
