/// The part of a console session that is Lua: its variables, how values are shown, and what can follow a name.
enum ConsolePrelude {
    /// Frames of it are left out of tracebacks.
    static let script = "(console)"

    /// Takes `emit(text)` and `describe(value)`, gives `{ session, run, members }`.
    static let text = #"""
        local emit, describe = ...
        local globals = _ENV
        local session = setmetatable({}, { __index = globals })

        function session.print(...)
          local words = {}
          for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
          emit(table.concat(words, "\t"))
        end

        -- What the host's functions and modules are called, so that they can be shown and explained by name.
        local names = setmetatable({}, { __mode = "k" })
        local function name_all(owner, of)
          for name, value in pairs(of) do
            local full = owner == "" and name or owner .. "." .. name
            if type(value) == "function" then names[value] = names[value] or full end
          end
        end
        for _, library in ipairs({ "string", "table", "math", "utf8", "os", "coroutine", "debug" }) do
          if globals[library] then name_all(library, globals[library]) end
        end
        for _, name in ipairs({ "require", "pairs", "ipairs", "next", "select", "tostring", "tonumber", "type", "pcall",
          "xpcall", "error", "assert", "load", "setmetatable", "getmetatable", "rawget", "rawset", "rawequal", "rawlen",
          "collectgarbage" }) do
          if globals[name] then names[globals[name]] = name end
        end
        names[session.print] = "print"
        if globals.host then
          names[globals.host] = "host"
          name_all("host", globals.host)
          for name, module in pairs(globals.host) do
            if type(module) == "table" then
              names[module] = "host." .. name
              name_all("host." .. name, module)
            end
          end
        end

        local WIDTH, SMALL, DEPTH, ENTRIES, TEXT, ALL = 88, 20, 6, 100, 2000, 65536
        local keywords = {}
        for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then
          true until while]]):gmatch("%a+") do keywords[word] = true end
        local spare

        local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }
        local function escape(char) return escapes[char] or ("\\x%02X"):format(char:byte()) end

        local function quote(text)
          local cut = #text > TEXT and (" <%d bytes in all>"):format(#text) or ""
          if cut ~= "" then
            text = text:sub(1, TEXT)
            -- Not within a character.
            while #text > TEXT - 4 and not utf8.len(text) do text = text:sub(1, -2) end
          end
          local unusual = utf8.len(text) and '[%c"\\\127]' or '[%c"\\\127-\255]'
          return '"' .. text:gsub(unusual, escape) .. '"' .. cut
        end

        local function is_name(key)
          return type(key) == "string" and key:find("^[%a_][%w_]*$") and not keywords[key]
        end

        local order = { number = 1, string = 2, boolean = 3 }
        local function before(one, other)
          local rank, other_rank = order[type(one)] or 4, order[type(other)] or 4
          if rank ~= other_rank then return rank < other_rank end
          if rank <= 2 then return one < other end
          return tostring(one) < tostring(other)
        end

        local show

        local function show_key(key, above, depth)
          if is_name(key) then return key end
          return "[" .. show(key, above, depth) .. "]"
        end

        local function parts_of(value, above, depth)
          local parts, listed, rest, count = {}, 0, {}, 0
          while listed < ENTRIES and value[listed + 1] ~= nil do
            listed = listed + 1
            parts[listed] = show(value[listed], above, depth)
          end
          for key in pairs(value) do
            if not (math.type(key) == "integer" and key >= 1 and key <= listed) then
              count = count + 1
              rest[count] = key
            end
          end
          table.sort(rest, before)
          for index, key in ipairs(rest) do
            if #parts >= ENTRIES then
              parts[#parts + 1] = ("… %d more"):format(count - index + 1)
              break
            end
            parts[#parts + 1] = show_key(key, above, depth) .. " = " .. show(value[key], above, depth)
          end
          return parts
        end

        -- Many small entries stand several to a line.
        local function gather(parts, width)
          local lines, line = {}, nil
          for _, part in ipairs(parts) do
            if #part > SMALL then return parts end
          end
          for _, part in ipairs(parts) do
            if line and #line + 2 + #part < width then
              line = line .. ", " .. part
            else
              lines[#lines + 1] = line
              line = part
            end
          end
          lines[#lines + 1] = line
          return lines
        end

        local function show_table(value, above, depth)
          if above[value] then return "<cycle>" end
          if depth >= DEPTH or spare <= 0 then return "{…}" end
          above[value] = true
          local parts = parts_of(value, above, depth + 1)
          above[value] = nil
          if #parts == 0 then return "{}" end
          local line = "{ " .. table.concat(parts, ", ") .. " }"
          if #line + 2 * depth <= WIDTH and not line:find("\n", 1, true) then return line end
          local indent = ("  "):rep(depth + 1)
          local lines = gather(parts, WIDTH - #indent)
          return "{\n" .. indent .. table.concat(lines, ",\n" .. indent) .. "\n" .. ("  "):rep(depth) .. "}"
        end

        function show(value, above, depth)
          local kind, text = type(value), nil
          if kind == "string" then
            text = quote(value)
          elseif kind == "table" then
            text = show_table(value, above, depth)
          elseif kind == "function" then
            text = "<function " .. (names[value] or describe(value)) .. ">"
          elseif kind == "userdata" or kind == "thread" then
            text = describe(value)
          else
            text = tostring(value)
          end
          if kind ~= "table" then spare = spare - #text end
          return text
        end

        local function run(chunk)
          local results = table.pack(chunk())
          session._ = results[1]
          local shown = {}
          spare = ALL
          for i = 1, results.n do shown[i] = show(results[i], {}, 0) end
          return shown
        end

        local function add(found, seen, value)
          for key, member in pairs(value) do
            if is_name(key) and not seen[key] then
              seen[key] = true
              local kind = type(member)
              found[#found + 1] = { name = key, kind = kind, known = kind ~= "string" and names[member] or nil }
            end
          end
        end

        local function members(path)
          local value, found, seen = session, {}, {}
          for _, name in ipairs(path) do value = value[name] end
          if type(value) == "string" then value = globals.string end
          if type(value) == "table" then
            add(found, seen, value)
            if value == session then add(found, seen, globals) end
          end
          return found, type(value) == "userdata" and value or nil
        end

        return { session = session, run = run, members = members }
        """#
}
