local fs = require "host.fs"
local job = require "gc.watermark"
local planned = require "planned"

--- What the plan says, by id.
local function plan() return planned.ids(job) end

describe("the watermark", function()
  it("does nothing while there is room, and takes a warning back", function()
    fake.disk.volumes { { total = "100GB", used = "50GB" } }
    fake.disk.snapshots { { id = "a", bytes = "1GB", ago = "90d" } }
    local goes, stays = plan()
    expect(#goes + #stays).equals(0)
    expect(fake.disk.warnings()).equals { "none: there is room" }
  end)

  it("only warns above the soft limit", function()
    fake.disk.volumes { { total = "100GB", used = "86GB" }, { path = "/other", total = "100GB", used = "1GB" } }
    fake.disk.snapshots { { id = "a", bytes = "1GB", ago = "90d" } }
    expect((plan())).equals {}
    expect(fake.disk.warnings()).equals { "soft: 86 % of /data are used" }
  end)

  it("collects the longest unused above the hard limit, until there is room", function()
    fake.disk.volumes { { total = "100GB", used = "96GB" } }
    fake.disk.snapshots {
      { id = "young", bytes = "9GB", ago = "2d" },
      { id = "old", bytes = "4GB", ago = "90d" },
      { id = "older", bytes = "3GB", ago = "91d" },
      { id = "busy", bytes = "50GB", ago = "92d", busy = true },
    }
    local goes, stays = plan()
    expect(goes).equals { "older", "old" }
    expect(stays).equals { "young" }
    expect(fake.disk.warnings()).equals { "hard: 96 % of /data are used" }
  end)

  it("leaves what was removed only just now", function()
    fake.disk.volumes { { total = "100GB", used = "99GB" } }
    assert(fs.write("work:a.txt", "something"))
    local item = assert(fs.remove("work:a.txt"))
    local goes, stays = plan()
    expect(goes).equals {}
    expect(stays).equals { item.id }
    fake.clock.advance "2h"
    expect((plan())).equals { item.id }
  end)

  it("collects the oldest worktrees without work, and repositories that no worktree needs", function()
    fake.disk.volumes { { total = "100GB", used = "96GB" } }
    fake.git.repos { { name = "acme/app", ago = "1h" }, { name = "acme/unused", ago = "100d", bytes = "1GB" } }
    fake.git.worktrees {
      { id = "unpushed", ago = "90d", unpushed = 1 },
      { id = "busy", ago = "90d", busy = true },
      { id = "pinned", ago = "90d", pinned = true },
      { id = "older", ago = "60d", bytes = "4GB" },
      { id = "old", ago = "50d", bytes = "4GB" },
      { id = "young", ago = "2h" },
    }
    local goes, stays = plan()
    expect(goes).equals { "acme/unused", "older", "old" }
    expect(stays).equals { "unpushed", "acme/app" }
  end)

  it("takes nothing in the stead of what is in the trash already", function()
    fake.disk.volumes { { total = "100", used = "96" } }
    fake.git.worktrees { { id = "old", ago = "50d" } }
    assert(fs.write("work:a.txt", "something of ten bytes and more"))
    assert(fs.remove("work:a.txt"))
    expect((plan())).equals {}
  end)
end)
