local planned = require "planned"
local retention = require "gc.retention"

--- What the plan says, as "job: reason".
local function plan() return planned.lines(retention, "job") end

describe("retention", function()
  it("forgets successes after 30 days, and failures after 90", function()
    fake.jobs.ran {
      { job = "a", outcome = "succeeded" },
      { job = "a", outcome = "succeeded", ago = "29d" },
      { job = "a", outcome = "succeeded", ago = "31d" },
      { job = "a", outcome = "skipped", ago = "8d" },
      { job = "a", outcome = "failed", ago = "31d" },
      { job = "a", outcome = "failed", ago = "91d" },
    }
    local goes = plan()
    expect(goes).equals { "a: ended 8 days ago", "a: ended 31 days ago", "a: ended 91 days ago" }
  end)

  it("keeps the last run of each job, however old", function()
    fake.jobs.ran { { job = "yearly", outcome = "succeeded", ago = "300d" }, { job = "b", outcome = "failed" } }
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { "yearly: the last run of its job" }
  end)

  it("leaves alone what still runs", function()
    fake.jobs.ran { { job = "a", outcome = "succeeded" }, { job = "a", ago = "40d" } }
    expect(#plan()).equals(0)
  end)

  it("forgets old plans that are done with", function()
    fake.jobs.planned {
      { job = "trash", state = "applied", ago = "91d" },
      { job = "trash", state = "expired", ago = "92d" },
      { job = "trash", state = "applying", ago = "93d" },
      { job = "trash", state = "applied", ago = "89d" },
    }
    expect(plan()).equals { "trash: made 91 days ago", "trash: made 92 days ago" }
  end)
end)
