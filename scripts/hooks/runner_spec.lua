local decide = require("hooks.runner").runner

local function planned(user)
  return decide { id = "w1", user = user, directory = "/w", keys = {}, key_signature = "x", mode = "container" }
end

describe("a runner", function()
  it("is as the settings say", function()
    expect(planned "ann").equals { reason = "as configured" }
  end)

  it("is larger, and stays longer, for users who do heavy work", function()
    fake.config { SCRIPT_LARGE_RUNNERS = "carl, ann" }
    expect(planned("ann").limits).has { memory = "8GB", cpus = 4 }
    expect(planned("ann").idle_timeout).equals "2h"
    expect(planned("an").limits).is_nil()
  end)
end)
