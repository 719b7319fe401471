local identify = require("hooks.identify").identify

local STRANGER = { address = "203.0.113.9", loopback = false, trusted = false }
local OWNER = { address = "127.0.0.1", loopback = true, trusted = true }
local SPEAKER = { id = "k1", user = "open-webui", scopes = { "chat", "speak-for" } }
local OWN = { id = "k2", user = "ann", scopes = { "chat" } }

--- Who is found for a request that has nothing but these facts.
local function who(facts)
  local request = {
    door = "openai", method = "POST", path = "/v1/chat/completions",
    headers = {}, peer = STRANGER, wants_jwt = false, allows_anonymous = false,
  }
  for name, value in pairs(facts) do
    request[name] = value
  end
  return identify(request)
end

describe("identify", function()
  describe("with a signed token", function()
    it("believes the token and nothing beside it", function()
      local identity = who {
        claims = { sub = "u1", name = "Ann", email = "ann@example.com", role = "user" }, wants_jwt = true,
        key = SPEAKER, headers = { ["x-openwebui-user-id"] = "u2" }, body_user = "u3",
      }
      expect(identity).has { user = "u1", source = "jwt", name = "Ann", email = "ann@example.com", role = "user" }
    end)

    it("refuses a bad one, whatever else is there", function()
      expect(who({ claims_error = "it has expired", key = OWN }).refuse).contains "it has expired"
    end)

    it("refuses a header's name where tokens are expected, instead of making all users one", function()
      local identity = who { wants_jwt = true, key = SPEAKER, headers = { ["x-openwebui-user-id"] = "u2" } }
      expect(identity.refuse).contains "without a signature"
    end)

    it("takes a key's own user there when nobody is named, or only by a body, as many clients do", function()
      expect(who { wants_jwt = true, key = SPEAKER }).has { user = "open-webui", source = "key" }
      expect(who { wants_jwt = true, key = SPEAKER, body_user = "x" }).has { user = "open-webui", source = "key" }
    end)

    it("refuses a token that nobody here can check, of whoever speaks for users", function()
      expect(who({ unread_token = true, key = SPEAKER }).refuse).contains "no secret to check it"
      expect(who { unread_token = true, key = OWN }).has { user = "ann", source = "key" }
    end)

    it("refuses one that names nobody", function()
      expect(who({ claims = { sub = " " } }).refuse).equals "the signed user token names nobody"
    end)
  end)

  describe("with forwarded names", function()
    it("takes the first header that says something", function()
      local identity = who {
        key = SPEAKER,
        headers = { ["x-openwebui-user-id"] = "", ["x-open-webui-user"] = " bob ", ["x-forwarded-user"] = "eve" },
      }
      expect(identity).has { user = "bob", source = "header" }
    end)

    it("reads what Open WebUI tells about the user", function()
      local identity = who {
        key = SPEAKER,
        headers = {
          ["x-openwebui-user-id"] = "u1", ["x-openwebui-user-name"] = "B%C3%B3b", ["x-openwebui-user-role"] = "admin",
        },
      }
      expect(identity).has { name = "Bób", role = "admin" }
    end)

    it("takes the body's user when no header names one", function()
      expect(who { key = SPEAKER, body_user = " bob " }).has { user = "bob", source = "body" }
    end)

    it("takes a key that may not speak for users as the user itself", function()
      local identity = who { key = OWN, headers = { ["x-openwebui-user-id"] = "bob" }, body_user = "bob" }
      expect(identity).has { user = "ann", source = "key" }
    end)

    it("refuses names that are too long or have control characters, instead of serving somebody else", function()
      local long = ("x"):rep(201)
      expect(who({ key = SPEAKER, headers = { ["x-forwarded-user"] = long } }).refuse).contains "longer than 200"
      expect(who({ key = SPEAKER, body_user = "a\0b" }).refuse).contains "control characters"
      expect(who({ key = SPEAKER, body_user = ("x"):rep(200) }).user).equals(("x"):rep(200))
    end)
  end)

  describe("on a machine without keys yet", function()
    it("believes names from this machine", function()
      local identity = who { peer = OWNER, headers = { ["x-openwebui-user-id"] = "bob" } }
      expect(identity).has { user = "bob", source = "header" }
    end)

    it("serves its owner without a name", function()
      expect(who { peer = OWNER }).has { user = "anonymous", source = "anonymous" }
    end)
  end)

  describe("without a key", function()
    it("believes no name of a stranger", function()
      expect(who({ headers = { ["x-openwebui-user-id"] = "bob" }, body_user = "bob" }).refuse).equals "a key is needed"
    end)

    it("lets nameless ones in where the settings say so, without the name they claim", function()
      expect(who { allows_anonymous = true, body_user = "bob" }).has { user = "anonymous", source = "anonymous" }
    end)
  end)
end)
