local route = require("hooks.job_health").routes["GET /jobs/health"]

--- What a monitor reads.
local function ask()
  return route.handler { params = {}, query = {}, headers = {} }
end

describe("job health", function()
  it("is good while the last run of every job went well", function()
    fake.jobs.set { { name = "digest" }, { name = "trash" }, { name = "never_ran" } }
    fake.jobs.ran { { job = "digest", outcome = "succeeded" }, { job = "trash", outcome = "skipped" } }
    local response = ask()
    expect(response.status).equals(200)
    expect(response.json).equals { ok = true, jobs = 3, failing = 0, paused = 0 }
  end)

  it("is bad from a failure until the next success", function()
    fake.jobs.set { { name = "trash" } }
    fake.jobs.ran { { job = "trash", outcome = "failed", ago = "2h" } }
    expect(ask()).has { status = 503, json = { ok = false, jobs = 1, failing = 1, paused = 0 } }
    fake.jobs.ran { { job = "trash", outcome = "succeeded", ago = "1h" } }
    expect(ask().status).equals(200)
  end)

  it("says nothing of jobs that are switched off, and counts those that somebody paused", function()
    fake.jobs.set { { name = "off", enabled = false }, { name = "paused", paused = true } }
    fake.jobs.ran { { job = "off", outcome = "failed" }, { job = "paused", outcome = "failed" } }
    expect(ask().json).equals { ok = true, jobs = 0, failing = 0, paused = 1 }
  end)

  it("tells no names to whoever asks", function()
    fake.jobs.set { { name = "secret_work" } }
    for name in pairs(ask().json) do
      expect({ "ok", "jobs", "failing", "paused" }).contains(name)
    end
  end)
end)
