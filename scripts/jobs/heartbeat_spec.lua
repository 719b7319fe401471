local heartbeat = require "jobs.heartbeat"

local URL = "https://uptime.example/ping/123"

describe("the heartbeat", function()
  it("is off, and tells nobody, until there is an address", function()
    expect(heartbeat.enabled).is_false()
    expect(heartbeat.run()).contains "is not set"
    expect(fake.http.requests()).equals {}
  end)

  it("asks the address", function()
    fake.config { SCRIPT_HEARTBEAT_URL = URL }
    fake.http.reply("GET", URL, { body = "OK" })
    expect(heartbeat.run()).equals "told"
    expect(#fake.http.requests()).equals(1)
  end)

  it("fails when the service does, so that it is tried again", function()
    fake.config { SCRIPT_HEARTBEAT_URL = URL }
    fake.http.reply("GET", URL, { { status = 503 }, { fails = "timeout" } })
    local outcome, err = heartbeat.run()
    expect(outcome).is_nil()
    expect(err.message).contains "503"
    outcome, err = heartbeat.run()
    expect(outcome).is_nil()
    expect(err.kind).equals "timeout"
  end)
end)
