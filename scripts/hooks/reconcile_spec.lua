local reconcile = require("hooks.reconcile").reconcile

--- What becomes of a run with these facts; those of the run itself are in `run`.
local function fate(facts)
  local item = {
    run = { id = "r1", started = 1700000000 }, away = 20, runner_alive = true, session = "idle",
    answer_complete = false,
  }
  for name, value in pairs(facts or {}) do
    item[name] = value
  end
  return reconcile(item)
end

describe("reconcile", function()
  it("goes on with what is under way or done", function()
    expect(fate({ session = "busy" }).action).equals "resume"
    expect(fate({ answer_complete = true }).action).equals "resume"
    expect(fate({ answer_complete = true, run = { id = "r1", started = 1, schedule = "nightly" } }).action)
      .equals "resume"
  end)

  it("begins what had not begun, unless that is long ago", function()
    expect(fate({ run = { id = "r1" } }).action).equals "resume"
    expect(fate({ run = { id = "r1" }, session = "missing" }).action).equals "resume"
    local old = fate({ run = { id = "r1" }, away = 7200 })
    expect(old.action).equals "ask"
    expect(old.message).contains "Begin it now?"
  end)

  it("never runs a prompt twice unasked", function()
    for _, session in ipairs { "idle", "missing", "unknown" } do
      for _, alive in ipairs { true, false } do
        expect(fate({ session = session, runner_alive = alive }).action).equals "ask"
      end
    end
  end)

  it("has tasks of backends wait, go on or end, and asks nobody about them", function()
    local alone = { attended = false, run = { id = "r1", meta = {} }, away = 7200 }
    expect(fate(alone).action).equals "resume"
    expect(fate({ attended = false, session = "busy" }).action).equals "resume"
    expect(fate({ attended = false }).action).equals "interrupt"
    expect(fate({ attended = false }).message).contains "restarted"
  end)

  it("runs again what its client calls repeatable", function()
    local run = { id = "r1", started = 1, meta = { repeatable = true } }
    expect(fate({ run = run, attended = false }).action).equals "retry"
    expect(fate({ run = run, answer_complete = true }).action).equals "resume"
  end)

  it("leaves scheduled work to the next time", function()
    expect(fate({ run = { id = "r1", started = 1, schedule = "nightly" } }).action).equals "interrupt"
    expect(fate({ run = { id = "r1", schedule = "nightly" }, away = 7200 }).action).equals "interrupt"
    expect(fate({ run = { id = "r1", schedule = "nightly" } }).action).equals "resume"
  end)
end)
