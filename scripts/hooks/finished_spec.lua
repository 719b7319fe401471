local finished = require("hooks.finished").finished

local URL = "https://ntfy.example/topic"

--- What the service is sent about a run with these facts.
local function told(facts)
  local run = {
    id = "r1", state = "succeeded", engine = "opencode", persona = "build", title = "Tidy up", prompt = "secret plans",
    output = "secret answer", created = 1000, ended = 2000,
  }
  for name, value in pairs(facts or {}) do
    run[name] = value
  end
  finished(run)
  return fake.http.requests()[1]
end

describe("a run that has ended", function()
  it("is told to nobody where no address is set", function()
    expect(told()).is_nil()
  end)

  describe("with an address", function()
    before_each(function()
      fake.config { SCRIPT_NOTIFY_URL = URL }
      fake.http.reply("POST", URL, { status = 200 })
    end)

    it("is told by its title, without what was asked and answered", function()
      local request = told()
      expect(request.body).equals "Tidy up is done."
      expect(request.body).never.contains "secret"
    end)

    it("is told when it failed, however short it was", function()
      expect(told({ state = "failed", ended = 1001 }).body).equals "Tidy up has failed."
    end)

    it("is told when it was interrupted, and has no title", function()
      expect(told({ state = "interrupted", title = false }).body).equals "Your work was interrupted."
    end)

    it("is not told when somebody was still looking, or stopped it", function()
      expect(told({ ended = 1030 })).is_nil()
      expect(told({ state = "cancelled" })).is_nil()
    end)

    it("names who did it in one plain line", function()
      expect(told({ persona = "Bób\nX" }).headers.title).equals "Perigee: B b X"
    end)
  end)

  it("is no error when the service refuses, or does not answer", function()
    fake.config { SCRIPT_NOTIFY_URL = URL }
    fake.http.reply("POST", URL, { status = 503 })
    told()
    fake.http.reply("POST", URL, { fails = "timeout" })
    expect(told().url).equals(URL)
  end)
end)
