// The string and table libraries of scripts. Loops in C that a script can make long look at the clock, and sorting is
// done in Lua, where the hook reaches it and comparing may wait.
#include "internal.h"
#include <string.h>

static int string_rep(lua_State *L) {
  size_t length, gap_length, limit = state_of(L)->limits.largest_text;
  const char *text = luaL_checklstring(L, 1, &length);
  lua_Integer count = luaL_checkinteger(L, 2);
  const char *gap = luaL_optlstring(L, 3, "", &gap_length);
  if (count <= 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (length + gap_length > 0 && (size_t)count > limit / (length + gap_length)) {
    return luaL_error(L, "resulting string too large (more than %d KB)", (int)(limit / 1024));
  }
  if (length + gap_length == 0) count = 1;
  size_t total = (size_t)count * length + (size_t)(count - 1) * gap_length;
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, total);
  for (; count > 0; count--) {
    memcpy(out, text, length);
    out += length;
    if (count > 1) {
      memcpy(out, gap, gap_length);
      out += gap_length;
    }
  }
  luaL_pushresultsize(&buffer, total);
  return 1;
}

int clua_open_strings(lua_State *L) {
  luaopen_string(L);
  clua_open_patterns(L);
  lua_pushcfunction(L, string_rep);
  lua_setfield(L, -2, "rep");
  lua_pushnil(L);
  lua_setfield(L, -2, "dump");
  lua_pushliteral(L, "");
  if (lua_getmetatable(L, -1)) {
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_settop(L, -2);
  }
  lua_settop(L, -2);
  return 1;
}

// Tables. As in Lua's own library, anything with the metamethods that are needed serves as a table.

static void check_table(lua_State *L, int index, const char *const *needs) {
  if (lua_istable(L, index)) return;
  int good = lua_getmetatable(L, index);
  for (; good && *needs; needs++) {
    lua_pushstring(L, *needs);
    good = lua_rawget(L, -2) != LUA_TNIL;
    lua_settop(L, -2);
  }
  if (!good) luaL_checktype(L, index, LUA_TTABLE);
  lua_settop(L, -2);
}

static const char *const reads[] = {"__index", "__len", NULL};
static const char *const writes[] = {"__index", "__newindex", "__len", NULL};

static int table_concat(lua_State *L) {
  size_t gap_length, length, total = 0, limit = state_of(L)->limits.largest_text;
  unsigned turns = 0;
  check_table(L, 1, reads);
  const char *gap = luaL_optlstring(L, 2, "", &gap_length);
  lua_Integer first = luaL_optinteger(L, 3, 1), last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (lua_Integer i = first; i <= last; i++) {
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1)) {
      return luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
    }
    lua_tolstring(L, -1, &length);
    total += length + gap_length;
    if (total > limit + gap_length) return luaL_error(L, "resulting string too large");
    luaL_addvalue(&buffer);
    if (i == last) break; // before it could wrap around
    luaL_addlstring(&buffer, gap, gap_length);
    clua_pulse(L, &turns);
  }
  luaL_pushresult(&buffer);
  return 1;
}

static int table_insert(lua_State *L) {
  unsigned turns = 0;
  check_table(L, 1, writes);
  lua_Integer end = (lua_Integer)((lua_Unsigned)luaL_len(L, 1) + 1u), position = end;
  switch (lua_gettop(L)) {
  case 2: break;
  case 3:
    position = luaL_checkinteger(L, 2);
    luaL_argcheck(L, (lua_Unsigned)position - 1u < (lua_Unsigned)end, 2, "position out of bounds");
    for (lua_Integer i = end; i > position; i--) {
      lua_geti(L, 1, i - 1);
      lua_seti(L, 1, i);
      clua_pulse(L, &turns);
    }
    break;
  default: return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_seti(L, 1, position);
  return 0;
}

static int table_remove(lua_State *L) {
  unsigned turns = 0;
  check_table(L, 1, writes);
  lua_Integer size = luaL_len(L, 1), position = luaL_optinteger(L, 2, size);
  if (lua_gettop(L) > 1) {
    luaL_argcheck(L, (lua_Unsigned)position - 1u <= (lua_Unsigned)size, 2, "position out of bounds");
  }
  lua_geti(L, 1, position);
  for (; position < size; position++) {
    lua_geti(L, 1, position + 1);
    lua_seti(L, 1, position);
    clua_pulse(L, &turns);
  }
  lua_pushnil(L);
  lua_seti(L, 1, position);
  return 1;
}

static int table_move(lua_State *L) {
  unsigned turns = 0;
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
  int target = lua_isnoneornil(L, 5) ? 1 : 5;
  check_table(L, 1, reads + 0);
  check_table(L, target, writes);
  if (last >= first) {
    luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
    lua_Integer count = last - first + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    int upwards = to > last || to <= first || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ));
    for (lua_Integer i = 0; i < count; i++) {
      lua_Integer at = upwards ? i : count - 1 - i;
      lua_geti(L, 1, first + at);
      lua_seti(L, target, to + at);
      clua_pulse(L, &turns);
    }
  }
  lua_pushvalue(L, target);
  return 1;
}

static int table_unpack(lua_State *L) {
  unsigned turns = 0;
  lua_Integer first = luaL_optinteger(L, 2, 1), last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
  if (first > last) return 0;
  lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
  if (count >= 250000 || !lua_checkstack(L, (int)count + 2)) return luaL_error(L, "too many results to unpack");
  for (lua_Integer i = first;; i++) {
    lua_geti(L, 1, i);
    if (i == last) return (int)count + 1;
    clua_pulse(L, &turns);
  }
}

// Marks a table as a list, so that it crosses as one even while it is empty.
static int table_array(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL && !clua_is_array(L, 1)) {
    return luaL_error(L, "cannot change a protected metatable");
  }
  lua_settop(L, 1);
  clua_array_mark(L, 1);
  return 1;
}

// Sorting: a merge sort, so it is stable, ends whatever the comparison answers, and leaves the list alone when it
// fails.
static const char sorting[] =
    "local quick, expect, type = ...\n"
    "local function sort(list, before)\n"
    "  if before ~= nil and type(before) ~= 'function' then expect(2, before) end\n"
    "  if type(list) ~= 'table' then expect(1, list) end\n"
    "  if before == nil and quick(list) then return end\n"
    "  local n = #list\n"
    "  local from, to = {}, {}\n"
    "  for i = 1, n do from[i] = list[i] end\n"
    "  local width = 1\n"
    "  while width < n do\n"
    "    local at = 1\n"
    "    for low = 1, n, width + width do\n"
    "      local middle, high = low + width, low + width + width\n"
    "      if middle > n + 1 then middle = n + 1 end\n"
    "      if high > n + 1 then high = n + 1 end\n"
    "      local i, j = low, middle\n"
    "      while i < middle and j < high do\n"
    "        local left, right = from[i], from[j]\n"
    "        local swap\n"
    "        if before then swap = before(right, left) else swap = right < left end\n"
    "        if swap then to[at] = right j = j + 1 else to[at] = left i = i + 1 end\n"
    "        at = at + 1\n"
    "      end\n"
    "      while i < middle do to[at] = from[i] i = i + 1 at = at + 1 end\n"
    "      while j < high do to[at] = from[j] j = j + 1 at = at + 1 end\n"
    "    end\n"
    "    from, to = to, from\n"
    "    width = width + width\n"
    "  end\n"
    "  for i = 1, n do list[i] = from[i] end\n"
    "end\n"
    "return sort\n";

static int sort_expects(lua_State *L) {
  int argument = (int)lua_tointeger(L, 1);
  return luaL_error(L, "bad argument #%d to 'sort' (%s expected, got %s)", argument,
                    argument == 1 ? "table" : "function", luaL_typename(L, 2));
}

// Short lists of numbers, or of strings, go to Lua's own sort: it runs no script's code and ends soon.
static int sort_quick(lua_State *L) {
  lua_settop(L, 1);
  int plain = !lua_getmetatable(L, 1), type = LUA_TNIL;
  lua_settop(L, 1);
  lua_Unsigned count = lua_rawlen(L, 1);
  size_t bytes = 0;
  if (!plain || count > 4000) return 0;
  for (lua_Unsigned i = 1; i <= count; i++) {
    int is = lua_rawgeti(L, 1, (lua_Integer)i);
    if (i == 1) type = is;
    if (is != type || (is != LUA_TNUMBER && is != LUA_TSTRING)) return 0;
    if (is == LUA_TSTRING) bytes += lua_rawlen(L, -1);
    if (bytes > 200000) return 0;
    lua_settop(L, 1);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_call(L, 1, 0);
  lua_pushboolean(L, 1);
  return 1;
}

int clua_open_tables(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"concat", table_concat}, {"insert", table_insert}, {"remove", table_remove}, {"move", table_move},
      {"unpack", table_unpack}, {"array", table_array},   {NULL, NULL},
  };
  luaopen_table(L);
  luaL_setfuncs(L, functions, 0);
  if (luaL_loadbufferx(L, sorting, sizeof sorting - 1, "=table.sort", "t") != LUA_OK) return lua_error(L);
  lua_getfield(L, -2, "sort");
  lua_pushcclosure(L, sort_quick, 1);
  lua_pushcfunction(L, sort_expects);
  lua_getglobal(L, "type");
  lua_call(L, 3, 1);
  lua_setfield(L, -2, "sort");
  return 1;
}

UNCOUNTED_END
