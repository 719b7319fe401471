local recover = require("hooks.recover").recover

--- What is done about a failure of this kind, with these facts.
local function decision(kind, facts)
  local failure = {
    kind = kind, message = "it broke", attempt = 1, started = false, attended = true,
    run = { id = "r1", engine = "opencode", output = "" },
  }
  for name, value in pairs(facts or {}) do
    failure[name] = value
  end
  return recover(failure)
end

local KINDS = {
  "rate_limited", "session_missing", "session_busy", "agent_gone", "agent_failed", "context_overflow", "output_limit",
  "content_filtered", "unauthorized", "model_missing", "agent_missing", "provider_failed", "timeout", "out_of_memory",
  "disk_full", "no_runner", "runners_full", "other",
}

describe("recover", function()
  it("never hands a prompt over again that has begun, whatever fails", function()
    for _, kind in ipairs(KINDS) do
      for attempt = 1, 9 do
        local action = decision(kind, { started = true, attempt = attempt }).action
        -- After a restart the engine looks for what began, and sends nothing.
        local wanted = kind == "agent_gone" and { "restart_runner", "ask" } or { "ask", "give_up" }
        expect(wanted).contains(action)
      end
    end
  end)

  it("tries again what its client calls repeatable", function()
    local run = { id = "r1", engine = "opencode", output = "half", meta = { repeatable = true } }
    expect(decision("provider_failed", { started = true, run = run }).action).equals "retry"
    expect(decision("provider_failed", { started = true, run = run, attempt = 3 }).action).equals "give_up"
  end)

  it("comes to an end, whatever fails how often", function()
    for _, kind in ipairs(KINDS) do
      expect(decision(kind, { attempt = 20 }).action).equals "give_up"
      expect({ "ask", "give_up" }).contains(decision(kind, { attempt = 20, started = true }).action)
    end
  end)

  it("asks where a person is, and says why it stopped where none is", function()
    local asked = decision("agent_failed", { started = true })
    expect(asked.action).equals "ask"
    expect(asked.message).equals "It broke. It may have done part of the work."
    local alone = decision("agent_failed", { started = true, attended = false })
    expect(alone.action).equals "give_up"
    expect(alone.message).contains "It broke. It was"
    expect(alone.message).contains "not tried again"
  end)

  it("makes a lost session again, once", function()
    expect(decision("session_missing").action).equals "recreate_session"
    expect(decision("session_missing", { attempt = 2 }).action).equals "give_up"
    expect(decision("session_missing", { started = true }).action).equals "ask"
  end)

  it("says that nothing was begun where there is no runner, and leaves Docker's words to the log", function()
    for kind, words in pairs { no_runner = "whoever runs this server", runners_full = "in a few minutes" } do
      local told = decision(kind)
      expect(told.action).equals "give_up"
      expect(told.message).contains "Nothing of this was begun"
      expect(told.message).contains(words)
      expect(told.message:find("it broke", 1, true)).equals(nil)
    end
  end)

  it("brings a lost agent back, a few times", function()
    expect(decision("agent_gone")).has { action = "restart_runner", after = 0 }
    expect(decision("agent_gone", { attempt = 3 })).has { action = "restart_runner", after = 15 }
    expect(decision("agent_gone", { attempt = 4 }).action).equals "give_up"
    expect(decision("agent_gone", { started = true }).reason).contains "see how far it got"
  end)

  it("tells people of a lost agent without the addresses of the inside", function()
    local address = "GET http://127.0.0.1:4096/global/health: no connection to 127.0.0.1:4096"
    for attempt = 1, 5 do
      for _, started in ipairs { true, false } do
        for _, attended in ipairs { true, false } do
          local told = decision("agent_gone",
            { attempt = attempt, started = started, attended = attended, message = address }).message
          expect(told).contains "agent's server"
          expect(told:find("127.0.0.1", 1, true)).is_nil()
        end
      end
    end
    expect(decision("agent_gone", { attempt = 4 }).message).contains "Try again in a few minutes"
  end)

  it("asks about what began on an agent that keeps nothing", function()
    local far = { id = "r1", engine = "worker" }
    expect(decision("agent_gone", { started = true, run = far }).action).equals "ask"
    expect(decision("agent_gone", { run = far }).action).equals "restart_runner"
  end)

  it("has a turn wait for a busy session", function()
    expect(decision("session_busy")).has { action = "retry", after = 2 }
    expect(decision("session_busy", { attempt = 5 })).has { action = "retry", after = 30 }
    expect(decision("session_busy", { attempt = 8 }).action).equals "give_up"
  end)

  it("waits as long as the provider says, and a little longer each time where it does not", function()
    expect(decision("rate_limited", { retry_after = 42 })).has { action = "retry", after = 42 }
    expect(decision("rate_limited")).has { action = "retry", after = 5 }
    expect(decision("rate_limited", { attempt = 3 })).has { action = "retry", after = 30 }
    expect(decision("rate_limited", { attempt = 4, retry_after = 1 }).action).equals "give_up"
  end)

  it("tells the user about a wait that nobody sits through", function()
    local told = decision("rate_limited", { retry_after = 3000 })
    expect(told.action).equals "give_up"
    expect(told.message).contains "50 minutes"
  end)

  it("asks a model again that gave nothing: that has no effects", function()
    local bare = { id = "r1", engine = "provider", output = "" }
    expect(decision("rate_limited", { started = true, run = bare }).action).equals "retry"
    expect(decision("provider_failed", { started = true, run = { id = "r1", engine = "provider" } }).action)
      .equals "retry"
    local half = { id = "r1", engine = "provider", output = "The answer is" }
    expect(decision("rate_limited", { started = true, run = half }).action).equals "ask"
  end)

  it("says what the user can do, where there is something", function()
    expect(decision("unauthorized").message).contains "key"
    expect(decision("context_overflow", { started = true })).has { action = "give_up" }
    expect(decision("context_overflow", { started = true }).message).contains "new chat"
  end)

  it("says which model or agent is missing, and what to do, at once and without asking", function()
    local model = decision("model_missing", { started = true, message = "Model not found: nope/zz." })
    expect(model).has { action = "give_up" }
    expect(model.message).contains "nope/zz. Choose another model"
    local agent = decision("agent_missing", { started = true, message = 'Agent not found: "nobody"' })
    expect(agent).has { action = "give_up" }
    expect(agent.message).contains '"nobody". Choose another persona'
  end)

  it("tells everything else in its own words", function()
    local told = decision "other"
    expect(told.action).equals "give_up"
    expect(told.message).is_nil()
  end)

  it("stays within what a message may be", function()
    local told = decision("other", { started = true, attended = false, message = ("ä"):rep(2000) })
    expect(#told.message <= 500).is_true()
  end)
end)
