--- Who is asking: by a signed token, else by forwarded headers, the body, the key, or nobody at all.

local text = require "text"

-- A name decides whose workspace, chats and keys a request gets. So a name is believed only when it is signed, or when
-- it comes over a connection whose key may speak for users: any client can put a name into a header.

-- Headers that may name the user, the first that does so counts. Open WebUI sends the first one when
-- ENABLE_FORWARD_USER_INFO_HEADERS is set; the others are spellings of before, and what proxies send.
local HEADERS = {
  "x-openwebui-user-id",
  "x-open-webui-user-id",
  "x-openwebui-user",
  "x-open-webui-user",
  "x-forwarded-user",
}

-- In bytes. What is longer is an attack or a mistake, and never cut: two users must not become one.
local LONGEST = 200

local hooks = {}

---@param why string
---@param hint string?
---@return host.Identity
local function refuse(why, hint)
  return { refuse = why, hint = hint, reason = why }
end

--- A name that is there, or why it cannot be one. Blanks alone name nobody: clients send headers without a value.
---
---@param value string?
---@return string? name
---@return string? complaint
local function usable(value)
  local name = text.trim(value or "")
  if name == "" then
    return nil
  elseif #name > LONGEST then
    return nil, "the user's name is longer than " .. LONGEST .. " bytes"
  elseif name:find("%c") then
    return nil, "the user's name has control characters"
  end
  return name
end

--- What else is known about the user, for people to read; nothing is decided by it.
---
---@param value string?
---@return string?
local function detail(value)
  local plain = text.trim(text.unescape(value or "")):gsub("%c", " ")
  return plain ~= "" and text.clip(plain, LONGEST) or nil
end

---@param key host.Key?
---@param scope string
---@return boolean
local function allows(key, scope)
  for _, known in ipairs(key and key.scopes or {}) do
    if known == scope then
      return true
    end
  end
  return false
end

---@param request host.Arrival
---@return host.Identity? identity nil when it names nobody
local function forwarded(request)
  for _, header in ipairs(HEADERS) do
    local user, complaint = usable(request.headers[header])
    if complaint then
      return refuse(complaint, "look at the header " .. header)
    elseif user then
      return {
        user = user,
        source = "header",
        name = detail(request.headers["x-openwebui-user-name"]),
        email = detail(request.headers["x-openwebui-user-email"]),
        role = detail(request.headers["x-openwebui-user-role"]),
        reason = "named by the header " .. header,
      }
    end
  end

  local user, complaint = usable(request.body_user)
  if complaint then
    return refuse(complaint, "look at the field `user` of the body")
  elseif user then
    return { user = user, source = "body", reason = "named by the body" }
  end
end

--- Whom somebody names who may speak for users. A name that cannot be believed is refused: served as the key's own
--- user, all of them would be one. What clients put into a body often names nobody.
---@param request host.Arrival
---@return host.Identity?
local function spoken_for(request)
  local identity = forwarded(request)
  if not identity and request.unread_token then
    return refuse("the user is named by a signed token, and there is no secret to check it with",
      "set FORWARD_USER_INFO_HEADER_JWT_SECRET here to the secret that Open WebUI signs with")
  elseif identity and request.wants_jwt and identity.source == "header" then
    return refuse("the user is named without a signature, and this server believes signed names only",
      "set FORWARD_USER_INFO_HEADER_JWT_SECRET in Open WebUI to the secret that is set here")
  end
  return not (request.wants_jwt and identity and identity.source == "body") and identity or nil
end

---@param request host.Arrival
---@return host.Identity
function hooks.identify(request)
  if request.claims_error then
    return refuse("the signed user token is not good: " .. request.claims_error,
      "both sides need the same secret, and clocks that agree")
  end

  local claims = request.claims
  if claims then
    local user, complaint = usable(claims.sub)
    if not user then
      return refuse(complaint or "the signed user token names nobody")
    end
    return {
      user = user, source = "jwt",
      name = detail(claims.name),
      email = detail(claims.email),
      role = detail(claims.role),
      reason = "named by a signed token",
    }
  end

  local may_name = request.peer.trusted or allows(request.key, "speak-for")
  local identity = may_name and spoken_for(request)
  if identity then
    return identity
  end

  if request.key then
    return { user = request.key.user, source = "key", reason = "the key's own user" }
  elseif request.peer.trusted then
    return { user = "anonymous", source = "anonymous", reason = "on this machine, where no key is needed" }
  elseif request.allows_anonymous then
    return { user = "anonymous", source = "anonymous", reason = "the settings let in those who name nobody" }
  end
  return refuse("a key is needed", "send one as Authorization: Bearer …; `perigee key` makes them")
end

return hooks
