local permission = require("hooks.permission").permission

--- What is said to a wish of this kind, with these facts.
local function verdict(wish, facts)
  local ask = {
    permission = wish, patterns = { "make clean" }, attended = true, subtask = false, asked_before = 0,
    run = { id = "r1" },
  }
  for name, value in pairs(facts or {}) do
    ask[name] = value
  end
  return permission(ask)
end

describe("permission", function()
  it("leaves it to a person who is there, and denies when no answer comes", function()
    for _, wish in ipairs { "bash", "edit", "external_directory", "doom_loop", "read", "webfetch" } do
      expect(verdict(wish)).has { action = "ask", wait = "1h", otherwise = "deny" }
    end
  end)

  it("denies where nobody is, and has the agent say so", function()
    local alone = verdict("bash", { attended = false })
    expect(alone.action).equals "deny"
    expect(alone.message).contains "what you left out"
  end)

  it("stops an agent that goes in circles", function()
    local alone = verdict("doom_loop", { attended = false })
    expect(alone.action).equals "deny"
    expect(alone.message).contains "another way"
  end)

  it("asks nobody the same for ever", function()
    expect(verdict("bash", { asked_before = 2 }).action).equals "ask"
    expect(verdict("bash", { asked_before = 3 }).action).equals "deny"
  end)

  it("lets the agent look around, and read no file unasked", function()
    expect(verdict("grep", { attended = false }).action).equals "once"
    expect(verdict("read", { attended = false }).action).equals "deny"
  end)
end)
