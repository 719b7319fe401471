local text = require "text"

describe("text", function()
  it("trims blanks at both ends, and nothing between", function()
    expect(text.trim("  a b\n")).equals "a b"
    expect(text.trim(" \t ")).equals ""
  end)

  it("never cuts a character in two", function()
    expect(text.clip("abc", 5)).equals "abc"
    expect(text.clip("abc", 2)).equals "ab"
    expect(text.clip("aé", 2)).equals "a"
    expect(text.clip("é", 1)).equals ""
    expect(text.clip("a😀b", 4)).equals "a"
    expect(text.clip("a😀b", 5)).equals "a😀"
  end)

  it("undoes percent-encoding, and leaves a lone percent sign alone", function()
    expect(text.unescape("B%C3%B3b 100%")).equals "Bób 100%"
  end)

  it("compares beginnings without patterns", function()
    expect(text.begins("### Task: x", "### Task:")).is_true()
    expect(text.begins("a", "ab")).is_false()
    expect(text.begins("abc", "a.c")).is_false()
  end)
end)
