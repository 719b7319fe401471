// What scripts find when they start: Lua's own functions without those that reach outside, block, or break the rules.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

void clua_open_tables_of_base(lua_State *L);

// load

static int finish_load(lua_State *L, const char *text, size_t length, const char *name, int environment) {
  if (luaL_loadbufferx(L, text, length, name, "t") != LUA_OK) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  if (environment) {
    lua_pushvalue(L, environment);
    if (!lua_setupvalue(L, -2, 1)) lua_settop(L, -2);
  }
  return 1;
}

static int refuse_source(lua_State *L) {
  lua_pushnil(L);
  lua_pushfstring(L, "load: the text is larger than %d KB", (int)(state_of(L)->limits.source_size / 1024));
  return 2;
}

static int base_load(lua_State *L) {
  size_t limit = state_of(L)->limits.source_size, length;
  int environment = !lua_isnone(L, 4) ? 4 : 0;
  const char *mode = luaL_optstring(L, 3, "bt");
  if (!strchr(mode, 't')) {
    lua_pushnil(L);
    lua_pushliteral(L, "load: compiled chunks are not accepted, only text");
    return 2;
  }
  if (lua_type(L, 1) == LUA_TSTRING) {
    const char *text = lua_tolstring(L, 1, &length);
    if (length > limit) return refuse_source(L);
    return finish_load(L, text, length, luaL_optstring(L, 2, text), environment);
  }
  const char *name = luaL_optstring(L, 2, "=(load)");
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 4);
  lua_createtable(L, 8, 0);
  size_t total = 0;
  for (lua_Integer i = 1;; i++) {
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    const char *piece = lua_tolstring(L, -1, &length);
    if (!piece && !lua_isnil(L, -1)) return luaL_error(L, "reader function must return a string");
    if (!piece || length == 0) break;
    total += length;
    if (total > limit) return refuse_source(L);
    lua_rawseti(L, 5, i);
  }
  lua_settop(L, 5);
  luaL_Buffer all;
  luaL_buffinit(L, &all);
  for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, 5); i <= n; i++) {
    lua_rawgeti(L, 5, i);
    luaL_addvalue(&all);
  }
  luaL_pushresult(&all);
  const char *text = lua_tolstring(L, -1, &length);
  return finish_load(L, text, length, name, environment);
}

// require

static void push_loaded(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, state_of(L)->loaded & 0x7ffffff); }

static void remember(lua_State *L) { // the value on top, under the name at 1
  push_loaded(L);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_settop(L, -2);
}

static int require_done(lua_State *L, int status, lua_KContext context) {
  (void)context;
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_pushnil(L);
    remember(L);
    lua_settop(L, -2);
    return lua_error(L);
  }
  if (lua_isnil(L, -1)) {
    lua_settop(L, -2);
    lua_pushboolean(L, 1);
  } else if (lua_istable(L, -1)) {
    if (lua_getmetatable(L, -1)) {
      lua_settop(L, -2);
    } else {
      lua_pushfstring(L, "the module '%s' is read-only: the field '{name}' cannot be set", lua_tostring(L, 1));
      lua_insert(L, -2);
      clua_push_frozen_library(L, lua_tostring(L, -2));
    }
  }
  remember(L);
  return 1;
}

static int search(lua_State *L, const char *name, size_t length) {
  clua_state *st = state_of(L);
  clua_answer answer = {clua_buffer_take(st), 0};
  if (!answer.buffer) return luaL_error(L, "not enough memory");
  int found = st->face.search(st->owner, name, length, &answer);
  if (st->decoding) clua_give_back(st, st->decoding);
  st->decoding = answer.buffer;
  clua_decode_all(L, answer.buffer->bytes, answer.buffer->count);
  clua_give_back(st, answer.buffer);
  st->decoding = NULL;
  return found;
}

static int base_require(lua_State *L) {
  size_t length;
  const char *name = luaL_checklstring(L, 1, &length);
  lua_settop(L, 1);
  push_loaded(L);
  lua_pushvalue(L, 1);
  int type = lua_rawget(L, 2);
  if (type == LUA_TLIGHTUSERDATA && lua_touserdata(L, 3) == (void *)&base_require) {
    return luaL_error(L, "module '%s' requires itself, by way of others or directly", name);
  }
  if (type != LUA_TNIL) return 1;
  lua_settop(L, 1);
  int found = search(L, name, length);
  if (found == 0) {
    return luaL_error(L, "module '%s' was not found%s%s", name, lua_isstring(L, 2) ? ": " : "",
                      lua_isstring(L, 2) ? lua_tostring(L, 2) : "");
  }
  if (found == 2) {
    lua_settop(L, 2);
    return require_done(L, LUA_OK, 0);
  }
  if (found == 1) {
    size_t size;
    const char *chunk = luaL_checkstring(L, 2), *text = luaL_checklstring(L, 3, &size);
    if (luaL_loadbufferx(L, text, size, chunk, "t") != LUA_OK) {
      clua_special(L, CLUA_KIND_SYNTAX);
      return lua_error(L);
    }
  }
  int chunk = lua_gettop(L);
  lua_pushlightuserdata(L, (void *)&base_require);
  remember(L);
  lua_settop(L, chunk);
  lua_pushvalue(L, 1);
  return require_done(L, lua_pcallk(L, 1, 1, 0, 0, require_done), 0);
}

// A handler of the script's must not run for an error that the guard raised: that happens inside a hook, where no other
// hook could stop it.
static int guarded_handler(lua_State *L) {
  clua_call *call = state_of(L)->current;
  if (call && call->doomed) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static int xpcall_done(lua_State *L, int status, lua_KContext before) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)before;
  lua_pushboolean(L, 0);
  lua_pushvalue(L, -2);
  return 2;
}

static int base_xpcall(lua_State *L) {
  int count = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, guarded_handler, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  return xpcall_done(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, xpcall_done), 2);
}

static int base_collectgarbage(lua_State *L) {
  const char *what = luaL_optstring(L, 1, "count");
  if (strcmp(what, "count")) return luaL_error(L, "collectgarbage: only \"count\" is available to scripts");
  lua_pushnumber(L, (lua_Number)lua_gc(L, LUA_GCCOUNT) + (lua_Number)lua_gc(L, LUA_GCCOUNTB) / 1024);
  return 1;
}

// Only these functions of a library of Lua's.
static void pick(lua_State *L, lua_CFunction open, const char *library, const char *const *names) {
  lua_createtable(L, 0, 4);
  lua_pushcfunction(L, open);
  lua_call(L, 0, 1);
  for (; *names; names++) {
    lua_getfield(L, -1, *names);
    lua_setfield(L, -3, *names);
  }
  lua_settop(L, -2);
  lua_setglobal(L, library);
}

void clua_open_base(lua_State *L) {
  static const char *const gone[] = {"dofile", "loadfile", "print", "warn", NULL};
  static const char *const of_os[] = {"time", "clock", "date", "difftime", NULL};
  static const char *const of_debug[] = {"traceback", NULL};
  static const luaL_Reg functions[] = {
      {"load", base_load}, {"require", base_require}, {"collectgarbage", base_collectgarbage},
      {"xpcall", base_xpcall}, {NULL, NULL},
  };
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 1);
  luaL_setfuncs(L, functions, 0);
  clua_open_tables_of_base(L);
  for (const char *const *name = gone; *name; name++) {
    lua_pushnil(L);
    lua_setfield(L, -2, *name);
  }
  lua_settop(L, -2);
  pick(L, luaopen_os, "os", of_os);
  pick(L, luaopen_debug, "debug", of_debug);
}

static int install(lua_State *L) {
  static const luaL_Reg libraries[] = {
      {"math", luaopen_math},  {"utf8", luaopen_utf8}, {"string", clua_open_strings}, {"table", clua_open_tables},
      {"coroutine", clua_open_coroutines}, {NULL, NULL},
  };
  clua_open_base(L);
  for (const luaL_Reg *library = libraries; library->name; library++) {
    lua_pushcfunction(L, library->func);
    lua_call(L, 0, 1);
    lua_setglobal(L, library->name);
  }
  return 0;
}

// Work outside calls

static void keep_failure(clua_state *st, int status) {
  size_t count;
  lua_State *L = st->L;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &count) : NULL;
  st->failure_kind = status == LUA_ERRMEM ? CLUA_KIND_MEMORY : CLUA_KIND_RUNTIME;
  if (text && text == st->special_text) st->failure_kind = st->special_kind;
  clua_set_text(&st->failure_message, text ? text : "unknown error", text ? count : 13);
  lua_settop(L, -2);
}

static int protect(clua_state *st, lua_CFunction work, void *request) {
  OWN_THREAD(st);
  clua_drain(st);
  BALANCED(st->L, 0);
  lua_pushcfunction(st->L, work);
  lua_pushlightuserdata(st->L, request);
  int status = lua_pcall(st->L, 1, 0, 0);
  if (status != LUA_OK) keep_failure(st, status);
  CHECK_BALANCE(st->L);
  return status;
}

void clua_state_failure(clua_state *st, clua_failure *failure) {
  *failure = (clua_failure){st->failure_kind, st->failure_message.bytes, "", "", st->failure_message.count, 0, 0, NULL};
}

int clua_install(clua_state *st) { return protect(st, install, NULL); }

static int add_stock_strings(lua_State *L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1); // the library replaces what strings find; it is put back
  lua_getfield(L, -1, "__index");
  luaopen_string(L);
  lua_setglobal(L, "stock");
  lua_pushvalue(L, -2);
  lua_setmetatable(L, -4);
  return 0;
}

int clua_add_stock_strings(clua_state *st) { return protect(st, add_stock_strings, NULL); }

typedef struct {
  const void *bytes;
  size_t count;
  const char *name;
  int32_t table, result;
  int flags;
  clua_buffer **out;
} request;

static int load_text(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  if (luaL_loadbufferx(L, r->bytes, r->count, r->name, "t") != LUA_OK) {
    clua_special(L, CLUA_KIND_SYNTAX);
    return lua_error(L);
  }
  if (r->table) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->table & 0x7ffffff);
    if (!lua_setupvalue(L, -2, 1)) lua_settop(L, -2);
  }
  r->result = clua_reference(L);
  return 0;
}

int clua_load(clua_state *st, const char *text, size_t length, const char *name, int32_t environment,
              int32_t *function) {
  request r = {.bytes = text, .count = length, .name = name, .table = environment};
  int status = protect(st, load_text, &r);
  *function = r.result;
  return status;
}

static int load_code(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  if (luaL_loadbufferx(L, r->bytes, r->count, "=(code)", "b") != LUA_OK) return lua_error(L);
  r->result = clua_reference(L);
  return 0;
}

int clua_load_code(clua_state *st, const void *bytes, size_t count, int32_t *function) {
  request r = {.bytes = bytes, .count = count};
  int status = protect(st, load_code, &r);
  *function = r.result;
  return status;
}

int clua_function_line(clua_state *st, int32_t function, char *script, size_t size) {
  OWN_THREAD(st);
  BALANCED(st->L, 0);
  lua_Debug about = {0};
  lua_rawgeti(st->L, LUA_REGISTRYINDEX, function & 0x7ffffff);
  if (lua_isfunction(st->L, -1)) {
    lua_getinfo(st->L, ">S", &about);
  } else {
    lua_settop(st->L, -2);
  }
  CHECK_BALANCE(st->L);
  if (!about.source || about.source[0] != '@' || about.linedefined < 0) return 0;
  strncpy(script, about.source + 1, size - 1);
  script[size - 1] = 0;
  return about.linedefined > 0 ? about.linedefined : 1;
}

static int store(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  clua_decode_all(L, r->bytes, r->count);
  lua_settop(L, 2);
  r->result = clua_reference(L);
  return 0;
}

int clua_store(clua_state *st, const void *bytes, size_t count, int32_t *reference) {
  request r = {.bytes = bytes, .count = count};
  int status = protect(st, store, &r);
  *reference = r.result;
  return status;
}

static void push_table(lua_State *L, const request *r) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->table & 0x7ffffff);
  if (!lua_istable(L, -1)) luaL_error(L, "a %s is no table", luaL_typename(L, -1));
  if (clua_real_table(L, -1)) lua_remove(L, -2);
}

static int get(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  push_table(L, r);
  clua_decode_all(L, r->bytes, r->count);
  lua_settop(L, 3);
  lua_rawget(L, 2);
  int status = clua_encode_range(L, 3, 3, r->flags, r->out);
  return status ? clua_raise_encode(L, status, "the field") : 0;
}

int clua_table_get(clua_state *st, int32_t table, const void *key, size_t count, int flags, clua_buffer **out) {
  request r = {.bytes = key, .count = count, .table = table, .flags = flags, .out = out};
  return protect(st, get, &r);
}

static int set(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  push_table(L, r);
  clua_decode_all(L, r->bytes, r->count);
  lua_settop(L, 4);
  if (lua_isnil(L, 3)) return luaL_error(L, "a table cannot have nil as a key");
  lua_rawset(L, 2);
  return 0;
}

int clua_table_set(clua_state *st, int32_t table, const void *pair, size_t count) {
  request r = {.bytes = pair, .count = count, .table = table};
  return protect(st, set, &r);
}

static int value(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->table & 0x7ffffff);
  int status = clua_encode_range(L, 2, 2, 0, r->out);
  return status ? clua_raise_encode(L, status, "the value") : 0;
}

int clua_value(clua_state *st, int32_t reference, clua_buffer **out) {
  request r = {.table = reference, .out = out};
  return protect(st, value, &r);
}

void clua_use_error_table(clua_state *st, int32_t metatable) { st->error_table = metatable; }

void clua_make_error(lua_State *L) {
  clua_state *st = state_of(L);
  if (!lua_istable(L, -1) || !st->error_table) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->error_table & 0x7ffffff);
  lua_setmetatable(L, -2);
}

UNCOUNTED_END
