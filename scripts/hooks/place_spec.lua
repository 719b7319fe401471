local place = require("hooks.place").place

--- Where a chat with these facts is carried out.
local function placed(facts)
  local chat = {
    id = "c1", door = "openai", user = { key = "ann", source = "key" }, persona = "build", turns = 0,
    workspace = { id = "w1" }, modes = { "shared", "rehearsal" }, meta = {},
  }
  for name, value in pairs(facts or {}) do
    chat[name] = value
  end
  return place(chat)
end

describe("place", function()
  it("is the agent in the configured way, in a runner for the user", function()
    expect(placed()).has { engine = "opencode", runner = "shared", isolation = "user" }
    expect(placed { modes = { "container", "process", "rehearsal" } }).has { runner = "container" }
  end)

  it("is a worktree of the repository that it wants", function()
    expect(placed { repo = "acme/app", branch = "next" }).has { repo = "acme/app", branch = "next" }
    expect(placed().repo).equals(nil)
  end)

  it("is the rehearsal where there is no agent", function()
    expect(placed { modes = { "rehearsal" } }).has { engine = "rehearsal" }
    expect(placed { modes = {} }).has { engine = "rehearsal" }
  end)

  it("is where the last turn ran, as long as that is there", function()
    local previous = { engine = "opencode", runner = "process" }
    local modes = { "container", "process", "rehearsal" }
    expect(placed { previous = previous, modes = modes }).has { runner = "process" }
    expect(placed { previous = previous, modes = { "container" } }).has { runner = "container" }
  end)

  it("is the agent from the moment on there is one", function()
    expect(placed { previous = { engine = "rehearsal" } }).has { engine = "opencode", runner = "shared" }
  end)

  it("is a worker for who asks for one", function()
    expect(placed { worker = "gpu" }).has { engine = "worker", worker = "gpu" }
  end)
end)
