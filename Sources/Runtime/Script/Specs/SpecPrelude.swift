/// The words that specs are written in, as far as they are Lua's.
enum SpecPrelude {
    /// Errors and tracebacks name it; reports leave it out.
    static let script = "perigee/expect"

    /// Called with the host's side (`enter`, `leave`, `mismatch`, `nearest`) and `SpecValues`. Gives `describe` and
    /// `expect`.
    static let text = #"""
        local spec, values = ...
        local brief, quoted, same = values.brief, values.quoted, values.same

        local function has_lines(value)
          return type(value) == "table" or type(value) == "string" and value:find("\n", 1, true) ~= nil
        end

        -- Each gives whether it holds and what was wanted, then what came and two values to compare, where these say more.
        local checks = {}

        function checks.equals(value, wanted)
          if has_lines(value) and type(value) == type(wanted) then
            return same(value, wanted, {}), brief(wanted), nil, wanted, value
          end
          return same(value, wanted, {}), brief(wanted)
        end

        function checks.is(value, wanted)
          return rawequal(value, wanted), "the very same " .. brief(wanted)
        end

        function checks.has(value, part)
          local words = "a table with " .. brief(part)
          if type(value) ~= "table" then
            return false, words
          end
          return values.within(part, value), words, nil, part, values.counterpart(part, value)
        end

        function checks.matches(value, pattern)
          local found = type(value) == "string" and value:find(pattern) ~= nil
          return found, "text that matches " .. quoted(pattern)
        end

        function checks.contains(value, part)
          local words = "something that contains " .. brief(part)
          if type(value) == "string" then
            return value:find(tostring(part), 1, true) ~= nil, words
          end
          for _, item in pairs(type(value) == "table" and value or {}) do
            if same(item, part, {}) then
              return true, words
            end
          end
          return false, words
        end

        function checks.fails(value, text)
          if type(value) ~= "function" then
            error("expect(…).fails calls a function, and was given " .. brief(value), 3)
          end
          local worked, why = pcall(value)
          local got = worked and "no failure" or "the failure " .. quoted(tostring(why))
          if not text then
            return not worked, "a failure", got
          end
          return not worked and tostring(why):find(text, 1, true) ~= nil, "a failure with " .. quoted(text), got
        end

        function checks.is_nil(value) return value == nil, "nil" end
        function checks.is_true(value) return value == true, "true" end
        function checks.is_false(value) return value == false, "false" end

        local names = { "never" }
        for name in pairs(checks) do
          names[#names + 1] = name
        end

        local function expectation(value, why, negated)
          return setmetatable({}, { __index = function(self, name)
            if name == "never" then
              return expectation(value, why, not negated)
            elseif not checks[name] then
              error("expect(…) has no '" .. tostring(name) .. "'" .. spec.nearest(tostring(name), names), 2)
            end
            return function(...)
              if rawequal((...), self) then
                error("write expect(…)." .. name .. "(…), with a dot", 2)
              end
              local holds, wanted, got, left, right = checks[name](value, ...)
              if holds ~= negated then
                return
              end
              got = got or brief(value)
              if value == nil and type(why) == "table" and why.message then
                got = got .. " with the error " .. quoted(tostring(why))
              end
              if left == nil or negated then
                error(spec.mismatch((negated and "anything but " or "") .. wanted, got), 2)
              end
              error(spec.mismatch(wanted, got, values.full(left), values.full(right)), 2)
            end
          end })
        end

        local function describe(name, body)
          spec.enter(name)
          body()
          spec.leave()
        end

        return describe, function(value, why) return expectation(value, why, false) end
        """#
}
