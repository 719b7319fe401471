// Swift objects as userdata, and tables that cannot be written.
#include "internal.h"
#include <string.h>

const char clua_object_mark, clua_frozen_mark;
static const char array_metatable, facts_metatable;

// Swift objects

typedef struct { void *object; } object_box;

static int object_gc(lua_State *L) {
  object_box *box = lua_touserdata(L, 1);
  void *object = box->object;
  box->object = NULL;
  if (object) state_of(L)->face.release(object);
  return 0;
}

static int object_equal(lua_State *L) {
  void *left = clua_object_at(L, 1, NULL), *right = clua_object_at(L, 2, NULL);
  lua_pushboolean(L, left && left == right);
  return 1;
}

static int object_text(lua_State *L) {
  luaL_getmetafield(L, 1, "__name");
  return 1;
}

void clua_push_object(lua_State *L, void *object, void *identity) {
  object_box *box = lua_newuserdatauv(L, sizeof *box, 0);
  box->object = NULL;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, identity) != LUA_TTABLE) {
    luaL_error(L, "an object crosses whose class was not defined in this state");
  }
  lua_setmetatable(L, -2);
  state_of(L)->face.retain(object);
  box->object = object;
}

void *clua_object_at(lua_State *L, int index, void **identity) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
  int ours = lua_rawgetp(L, -1, &clua_object_mark) == LUA_TLIGHTUSERDATA;
  if (ours && identity) *identity = lua_touserdata(L, -1);
  lua_settop(L, -3);
  return ours ? ((object_box *)lua_touserdata(L, index))->object : NULL;
}

typedef struct { void *identity; const char *name; const uint8_t *methods; size_t count; } class_request;

// The stack: methods, metatable. A method whose name begins with two underscores belongs to the metatable.
static void move_metamethods(lua_State *L, int methods, int metatable) {
  static const char *const names[] = {"__tostring", "__close", "__call", "__len"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (lua_getfield(L, methods, names[i]) == LUA_TNIL) {
      lua_settop(L, -2);
      continue;
    }
    lua_setfield(L, metatable, names[i]);
    lua_pushnil(L);
    lua_setfield(L, methods, names[i]);
  }
}

static int define_class(lua_State *L) {
  class_request *request = lua_touserdata(L, 1);
  clua_decode_all(L, request->methods, request->count);
  lua_settop(L, 2);
  lua_createtable(L, 0, 8);
  lua_pushcfunction(L, object_gc);
  lua_setfield(L, 3, "__gc");
  lua_pushcfunction(L, object_equal);
  lua_setfield(L, 3, "__eq");
  lua_pushcfunction(L, object_text);
  lua_setfield(L, 3, "__tostring");
  lua_pushstring(L, request->name);
  lua_setfield(L, 3, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, 3, "__metatable");
  move_metamethods(L, 2, 3);
  lua_pushvalue(L, 2);
  lua_setfield(L, 3, "__index");
  lua_pushlightuserdata(L, request->identity);
  lua_rawsetp(L, 3, &clua_object_mark);
  lua_rawsetp(L, LUA_REGISTRYINDEX, request->identity);
  return 0;
}

int clua_define_class(clua_state *st, void *identity, const char *name, const void *methods, size_t count) {
  class_request request = {identity, name, methods, count};
  OWN_THREAD(st);
  BALANCED(st->L, 0);
  lua_pushcfunction(st->L, define_class);
  lua_pushlightuserdata(st->L, &request);
  int status = lua_pcall(st->L, 1, 0, 0);
  if (status != LUA_OK) lua_settop(st->L, -2);
  CHECK_BALANCE(st->L);
  return status;
}

// Lists: an empty table that should cross as a list has this metatable.

void clua_array_mark(lua_State *L, int index) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_metatable);
  lua_setmetatable(L, index);
}

int clua_is_array(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return 0;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_metatable);
  int is = lua_rawequal(L, -1, -2);
  lua_settop(L, -3);
  return is;
}

// Read-only tables: an empty table stands in front of the real one. Libraries, which are read often, have a metatable
// each, so that reading costs one look-up; facts, which are made often, share one and keep the real table in a slot.

int clua_real_table(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (!lua_getmetatable(L, index)) return 0;
  switch (lua_rawgetp(L, -1, &clua_frozen_mark)) {
  case LUA_TTABLE:
    lua_remove(L, -2);
    return 1;
  case LUA_TBOOLEAN:
    lua_settop(L, -3);
    lua_rawgetp(L, index, &clua_frozen_mark);
    return 1;
  default:
    lua_settop(L, -3);
    return 0;
  }
}

static int facts_index(lua_State *L) {
  lua_rawgetp(L, 1, &clua_frozen_mark);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  return 1;
}

static int frozen_length(lua_State *L) {
  clua_real_table(L, 1);
  lua_pushinteger(L, luaL_len(L, -1));
  return 1;
}

static int frozen_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (clua_real_table(L, 1)) lua_replace(L, 1);
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

static int frozen_pairs(lua_State *L) {
  lua_pushcfunction(L, frozen_next);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

// The upvalue says what to tell, with {name} where the field goes.
static int refuse_write(lua_State *L) {
  const char *advice = lua_tostring(L, lua_upvalueindex(1));
  const char *name = lua_isstring(L, 2) ? lua_tostring(L, 2) : luaL_typename(L, 2);
  luaL_where(L, 1);
  luaL_gsub(L, advice, "{name}", name);
  lua_concat(L, 2);
  return lua_error(L);
}

static void push_frozen_metatable(lua_State *L, const char *advice) {
  lua_createtable(L, 0, 6);
  lua_pushstring(L, advice);
  lua_pushcclosure(L, refuse_write, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, frozen_length);
  lua_setfield(L, -2, "__len");
  lua_pushcfunction(L, frozen_pairs);
  lua_setfield(L, -2, "__pairs");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

void clua_object_metatables(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &array_metatable);
  push_frozen_metatable(L, "this table is read-only: the field '{name}' cannot be set");
  lua_pushcfunction(L, facts_index);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &clua_frozen_mark);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &facts_metatable);
}

void clua_push_read_only(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_insert(L, -2);
  lua_rawsetp(L, -2, &clua_frozen_mark);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &facts_metatable);
  lua_setmetatable(L, -2);
}

// The stack: real table, front; afterwards the front alone.
static void guard_front(lua_State *L, const char *advice) {
  push_frozen_metatable(L, advice);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -2, &clua_frozen_mark);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

void clua_push_frozen_library(lua_State *L, const char *advice) {
  lua_createtable(L, 0, 0);
  guard_front(L, advice);
}

// The globals keep their identity, which every loaded chunk has as an upvalue: their content moves behind them.
static int freeze(lua_State *L) {
  const char *advice = lua_touserdata(L, 1);
  clua_state *st = state_of(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->globals & 0x7ffffff);
  int globals = lua_gettop(L);
  if (clua_real_table(L, globals)) return 0;
  lua_newtable(L);
  int real = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, globals)) {
    if (lua_istable(L, -1) && !lua_rawequal(L, -1, globals) && !lua_getmetatable(L, -1)) {
      const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "this table";
      lua_pushfstring(L, "'%s' is read-only: the field '{name}' cannot be set", name);
      lua_insert(L, -2);
      clua_push_frozen_library(L, lua_tostring(L, -2));
      lua_remove(L, -2);
    } else if (lua_istable(L, -1) && !lua_rawequal(L, -1, globals)) {
      lua_settop(L, -2); // its metatable
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, real);
  }
  lua_pushnil(L);
  while (lua_next(L, globals)) {
    lua_settop(L, -2);
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, globals);
  }
  lua_settop(L, real);
  lua_pushvalue(L, globals);
  guard_front(L, advice);
  return 0;
}

int clua_freeze(clua_state *st, const char *advice) {
  OWN_THREAD(st);
  BALANCED(st->L, 0);
  lua_pushcfunction(st->L, freeze);
  lua_pushlightuserdata(st->L, (void *)advice);
  int status = lua_pcall(st->L, 1, 0, 0);
  if (status != LUA_OK) lua_settop(st->L, -2);
  CHECK_BALANCE(st->L);
  return status;
}

// The raw functions of scripts see through the front, and cannot write behind it.

static int raw_get(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  if (clua_real_table(L, 1)) lua_replace(L, 1);
  lua_rawget(L, 1);
  return 1;
}

static int raw_set(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  if (clua_real_table(L, 1)) return luaL_error(L, "this table is read-only");
  lua_rawset(L, 1);
  return 1;
}

static int raw_length(lua_State *L) {
  luaL_argexpected(L, lua_istable(L, 1) || lua_type(L, 1) == LUA_TSTRING, 1, "table or string");
  if (lua_istable(L, 1)) clua_real_table(L, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

// A finalizer runs where no hook can stop it, so scripts cannot have one. One that is added later has no effect.
static int set_metatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL) {
      return luaL_error(L, "__gc is not available to scripts: declare the variable <close> instead");
    }
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

void clua_open_tables_of_base(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"next", frozen_next},    {"rawget", raw_get},           {"rawset", raw_set},
      {"rawlen", raw_length},   {"setmetatable", set_metatable}, {NULL, NULL},
  };
  luaL_setfuncs(L, functions, 0);
}

UNCOUNTED_END
