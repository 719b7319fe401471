local morning = require "jobs.morning"
local runs = require "host.runs"

describe("the morning's notes", function()
  it("does nothing while nobody wants it", function()
    expect(morning.run()).equals "nobody wants it: SCRIPT_MORNING_USER is not set"
    expect(#runs.list()).equals(0)
  end)

  it("starts a run for the user that the settings name, and waits for it", function()
    fake.config { SCRIPT_MORNING_USER = "ann" }
    expect(morning.run()).equals "done by run run-1"
    local run = runs.list()[1]
    expect(run.user.key).equals "ann"
    expect(run.chat).equals "morning"
    expect(run.state).equals "succeeded"
  end)
end)
