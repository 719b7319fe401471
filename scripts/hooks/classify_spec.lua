local classify = require("hooks.classify").classify

local TITLE = "### Task:\nGenerate a concise title summarizing the chat history.\n"
  .. "<chat_history>\nUSER: hello\n</chat_history>"
local WRAPPED = "### Task:\nRespond to the user query using the provided context, incorporating inline citations…\n"
  .. "<context>\n<source id=\"1\" name=\"<chat_history>\"></source>\n</context>\n\nwhat is in the file?"

local function turn()
  return { kind = "turn", reason = "next" }
end

--- How a request with this text is taken, changed by these facts.
local function kind_of(prompt, facts)
  local request = {
    door = "openai", model = "open-persona/build", stream = false, has_tools = false,
    user = { key = "ann", source = "key" }, meta = {}, extra = {}, headers = {},
    messages = { { role = "user", text = prompt } },
  }
  for name, value in pairs(facts or {}) do
    request[name] = value
  end
  return classify(request, turn)
end

describe("classify", function()
  describe("when the client tells", function()
    it("believes it about side calls, streamed ones too", function()
      local decision = kind_of("hello", { task = "title_generation", stream = true, has_tools = true })
      expect(decision).has { kind = "background", task = "title", by = "model" }
    end)

    it("takes a side call that it does not know for one all the same", function()
      expect(kind_of("hello", { task = "something_new" })).has { kind = "background", task = "other", by = "model" }
    end)

    it("believes it about turns, however they read", function()
      expect(kind_of(TITLE, { task = "" }).kind).equals "turn"
      expect(kind_of(TITLE, { task = "  " }).kind).equals "turn"
    end)
  end)

  describe("when the client does not tell", function()
    local heads = {
      title = TITLE,
      tags = "### Task:\nGenerate 1-3 broad tags categorizing the main themes",
      follow_ups = "### Task:\nPredict 3-5 useful messages this user might naturally send next",
      queries = "### Task:\nAnalyze the chat history to determine the necessity of generating search queries, …",
      autocomplete = "### Task:\nYou are an autocompletion system. Continue the text",
      image_prompt = "### Task:\nGenerate a detailed prompt for am image generation task",
      emoji = "Your task is to reflect the speaker's likely facial expression through a fitting emoji.",
      merge = "You have been provided with a set of responses from various models to the latest user query",
      compaction = "### Task:\nSummarize the conversation history that will be compacted",
    }
    for task, prompt in pairs(heads) do
      it("knows " .. task .. " by its prompt", function()
        expect(kind_of(prompt)).has { kind = "background", task = task }
      end)
    end

    it("knows the title prompts of before", function()
      expect(kind_of("### Task:\nGenerate a concise, 3-5 word title with an emoji").task).equals "title"
      expect(kind_of("### Task:\nSuggest 3-5 relevant follow-up questions").task).equals "follow_ups"
    end)

    it("knows those that tell by their system message", function()
      local function with_system(system)
        return kind_of("", { messages = { { role = "system", text = system }, { role = "user", text = "x" } } })
      end
      local memory = with_system("You are Open WebUI's private memory reviewer. …")
      expect(memory).has { kind = "background", task = "memory", by = "host" }
      expect(with_system("Available Tools: [{…}]")).has { task = "tool_choice", answer = "{}" }
    end)

    it("takes an edited prompt with a chat history for a side call", function()
      local decision = kind_of("### Task:\nErfinde einen Titel.\n<chat_history>…</chat_history>")
      expect(decision).has { kind = "background", task = "other", by = "model" }
    end)

    it("takes a turn with an attached document for a turn", function()
      expect(kind_of(WRAPPED, { stream = true }).kind).equals "turn"
      expect(kind_of(WRAPPED).kind).equals "turn"
    end)

    it("takes what is streamed, has tools or a conversation for a turn", function()
      expect(kind_of(TITLE, { stream = true }).kind).equals "turn"
      expect(kind_of(TITLE, { has_tools = true }).kind).equals "turn"
      local talk = {
        { role = "user", text = "hi" }, { role = "assistant", text = "hello" }, { role = "user", text = TITLE },
      }
      expect(kind_of("", { messages = talk }).kind).equals "turn"
    end)

    it("leaves everything else to the next one", function()
      expect(kind_of("Generate a concise title for my novel")).equals { kind = "turn", reason = "next" }
      expect(kind_of("", { messages = {} })).equals { kind = "turn", reason = "next" }
    end)
  end)

  it("answers autocompletion itself, in the JSON that the client expects", function()
    expect(kind_of("x", { task = "autocomplete_generation" })).has { by = "host", answer = '{"text":""}' }
  end)
end)
