local decide = require("hooks.opencode_config").opencode_config

local IZZY = {
  id = "izzy", name = "Izzy", description = "", agent = "build", integrations = { "instrumentl", "notes" },
  memory = true,
}
local BUILD = { id = "build", name = "Build", description = "", agent = "build", integrations = {}, memory = true }

--- The configuration of a workspace where these integrations are there.
local function configured(integrations)
  local workspace = {
    id = "w1", user = "ann", directory = "/w", keys = {}, key_signature = "x", integrations = integrations,
  }
  return decide(workspace, { IZZY, BUILD })
end

describe("the agent's configuration", function()
  it("lets the agent work inside its directory, and not outside of it", function()
    expect(configured({}).config.permission).has {
      edit = "allow", bash = "allow", webfetch = "allow", external_directory = "deny", doom_loop = "ask",
    }
  end)

  it("publishes nothing", function()
    expect(configured({}).config.share).equals "disabled"
  end)

  it("replaces nothing that a person wrote", function()
    expect(configured({}).override).is_nil()
  end)

  it("leaves agents to Perigee, which knows what each persona may do", function()
    local config = configured({ "notes", "weather" }).config
    expect(config.agent).is_nil()
    expect(config.tools).is_nil()
  end)

  it("names models where the settings do", function()
    expect(configured({}).config.model).is_nil()
    fake.config { SCRIPT_AGENT_MODEL = "gpt-5-mini", SCRIPT_AGENT_SMALL_MODEL = "local/small" }
    expect(configured({}).config).has { model = "openai/gpt-5-mini", small_model = "local/small" }
    fake.config { SCRIPT_AGENT_MODEL = "claude" }
    expect(configured({}).config.model).equals "claude"
  end)
end)
