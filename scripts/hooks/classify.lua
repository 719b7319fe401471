--- Is it the user's turn, or a side call of the client: a title, tags, follow-ups, search queries?

local text = require "text"

-- A chat client asks its models for such things on its own, with the same key and model as for a turn. They must not
-- reach the agent: it would answer them in the user's session.

-- What Open WebUI calls its side calls, where the connection is set up to tell (header X-OpenWebUI-Task).
local BY_HEADER = {
  title_generation = "title",
  tags_generation = "tags",
  follow_up_generation = "follow_ups",
  query_generation = "queries",
  autocomplete_generation = "autocomplete",
  image_prompt_generation = "image_prompt",
  emoji_generation = "emoji",
  moa_response_generation = "merge",
  function_calling = "tool_choice",
  context_compaction = "compaction",
  memory_review = "memory",
}

-- How their prompts begin, for connections that do not tell. An administrator can edit the prompts: add yours here.
local BY_PROMPT = {
  { "### Task:\nGenerate a concise", "title" },
  { "### Task:\nGenerate 1-3 broad tags", "tags" },
  { "### Task:\nPredict 3-5 useful messages", "follow_ups" },
  { "### Task:\nSuggest 3-5 relevant follow-up", "follow_ups" },
  { "### Task:\nAnalyze the chat history to determine the necessity of generating search queries", "queries" },
  { "### Task:\nYou are an autocompletion system.", "autocomplete" },
  { "### Task:\nGenerate a detailed prompt", "image_prompt" },
  { "Your task is to reflect the speaker's likely facial expression", "emoji" },
  { "You have been provided with a set of responses from various models", "merge" },
  { "### Task:\nSummarize the conversation history", "compaction" },
}

-- And those that tell by their system message.
local BY_SYSTEM = {
  { "You are Open WebUI's private memory reviewer.", "memory" },
  { "Available Tools: [", "tool_choice" },
}

-- The trap: a real turn, wrapped by Open WebUI because the user attached a document.
local WRAPPED_TURN = "### Task:\nRespond to the user query using the provided context"

-- Not worth a model: one would be asked at every key stroke, the others concern tools and memory that the agent has of
-- its own. Everything else is for the small model.
local ANSWERS = {
  autocomplete = '{"text":""}',
  tool_choice = "{}",
  memory = '{"operations":[]}',
}

local hooks = {}

---@param heads string[][]
---@param prompt string
---@return string? task
local function match(heads, prompt)
  for _, head in ipairs(heads) do
    if text.begins(prompt, head[1]) then
      return head[2]
    end
  end
end

---@param messages host.Message[]
---@return string? system
---@return string? prompt the only message of the user; nil when there are more, or others between
local function only_prompt(messages)
  local system, prompt
  for _, message in ipairs(messages) do
    if message.role == "user" and not prompt then
      prompt = message.text
    elseif (message.role == "system" or message.role == "developer") and not system then
      system = message.text
    else
      return nil, nil
    end
  end
  return system, prompt
end

---@param request host.Request
---@return string? task
local function guess(request)
  local system, prompt = only_prompt(request.messages)
  if not prompt or request.stream or request.has_tools or text.begins(prompt, WRAPPED_TURN) then
    return nil
  end
  local task = match(BY_PROMPT, prompt) or match(BY_SYSTEM, system or "")
  if not task and text.begins(prompt, "### Task:") and prompt:find("<chat_history>", 1, true) then
    task = "other"
  end
  return task
end

---@param task string
---@param reason string
---@return host.Classification
local function background(task, reason)
  local answer = ANSWERS[task]
  return { kind = "background", task = task, by = answer and "host" or "model", answer = answer, reason = reason }
end

---@param request host.Request
---@param next fun(request: host.Request): host.Classification
---@return host.Classification
function hooks.classify(request, next)
  local told = request.task
  if told and text.trim(told) ~= "" then
    return background(BY_HEADER[text.trim(told)] or "other", "the client calls it " .. text.clip(text.trim(told), 60))
  elseif told then
    return { kind = "turn", reason = "the client says that it is no side call" }
  end

  local task = guess(request)
  if task then
    return background(task, "it reads like a side call")
  end
  return next(request)
end

return hooks
