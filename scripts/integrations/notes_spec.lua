local tools = require("integrations.notes").tools

local ann = { user = "ann", keys = {} }
local bob = { user = "bob", keys = {} }

local function save(caller, title, words)
  return tools.save.call({ title = title, text = words or "something" }, caller)
end

describe("notes", function()
  it("last from one call to the next", function()
    expect(save(ann, "Editor", "She uses vim.")).equals "Saved."
    expect(tools.read.call({ title = "Editor" }, ann)).has { title = "Editor", text = "She uses vim." }
  end)

  it("are found and replaced whatever the case and the blanks of their title", function()
    save(ann, "Editor", "vim")
    expect(save(ann, " EDITOR ", "emacs")).equals "Replaced."
    expect(tools.read.call({ title = "editor" }, ann)).has { text = "emacs" }
    expect(#tools.list.call({}, ann)).equals(1)
  end)

  it("are seen by their own user alone", function()
    save(ann, "Secret")
    expect(tools.read.call({ title = "Secret" }, bob)).equals "There is no note of this title."
    expect(tools.list.call({}, bob)).equals "There are no notes yet."
    expect(tools.remove.call({ title = "Secret" }, bob)).equals "There is no note of this title."
    expect(tools.read.call({ title = "Secret" }, ann)).has { title = "Secret" }
  end)

  it("can be removed", function()
    save(ann, "Old")
    expect(tools.remove.call({ title = "old" }, ann)).equals "Removed."
    expect(tools.list.call({}, ann)).equals "There are no notes yet."
  end)

  it("are bounded, and a full list can still be changed", function()
    for number = 1, 200 do
      save(ann, "note " .. number)
    end
    expect(save(ann, "one more")).contains "remove one first"
    expect(save(ann, "note 7", "new")).equals "Replaced."
    expect(save(bob, "first")).equals "Saved."
  end)
end)
