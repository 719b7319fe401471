local digest = require "jobs.digest"

describe("the digest", function()
  it("counts what ran since yesterday", function()
    fake.jobs.ran {
      { job = "trash", outcome = "succeeded", ago = "2h" },
      { job = "trash", outcome = "succeeded", ago = "25h" },
      { job = "digest" },
      { job = "slow", outcome = "skipped", ago = "3h" },
    }
    expect(digest.run()).equals "1 run since yesterday, 0 of them failed"
  end)

  it("names what failed, the most frequent first", function()
    fake.jobs.ran {
      { job = "backup", outcome = "timed_out", ago = "1h" },
      { job = "trash", outcome = "failed", ago = "2h" },
      { job = "trash", outcome = "interrupted", ago = "3h" },
      { job = "archive", outcome = "failed", ago = "4h" },
    }
    expect(digest.run()).equals "4 runs since yesterday, 4 of them failed: trash (2), archive, backup"
  end)
end)
