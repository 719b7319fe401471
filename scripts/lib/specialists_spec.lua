local specialists = require "specialists"

describe("specialists", function()
  it("own the tools of the grant database", function()
    expect(specialists.of_tool "instrumentl_search_grants").equals "Grant Scout"
    expect(specialists.of_tool "instrumentl_get_grant").equals "Grant Archivist"
    expect(specialists.of_tool "instrumentl_compare").equals "Grant Analyst"
    expect(specialists.of_tool "Instrumentl_Search").equals "Grant Scout"
  end)

  it("own no other tool", function()
    expect(specialists.of_tool "bash").is_nil()
    expect(specialists.of_tool "websearch").is_nil()
    expect(specialists.of_tool "notes_search").is_nil()
  end)

  it("are agents with a specialist's word in their name", function()
    expect(specialists.of_agent "tax-compliance").equals "Tax Compliance"
    expect(specialists.of_agent "grant_scout").equals "Grant Scout"
    expect(specialists.of_agent "explore").is_nil()
  end)

  it("arrive in one line, each with a thing from the wrong time", function()
    local seen = {}
    for _, name in ipairs { "Grant Scout", "Grant Analyst", "Grant Archivist", "Tax Compliance", "Somebody" } do
      local line = specialists.introduction(name)
      expect(line).matches("^%*[^\n]+%*$")
      expect(line).contains(name)
      local prop = line:match "with (.+)%."
      expect(seen[prop]).is_nil()
      seen[prop] = true
    end
  end)
end)
