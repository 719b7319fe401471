// The coroutine library of scripts. Other than Lua's own it knows which coroutine runs, so that the guard can stop it,
// and it hands outwards what is not for the script: a wait for a host function, or the end of a time slice, pauses the
// whole chain of coroutines up to the call.
#include "internal.h"

enum { AS_RESUME = 0, AS_WRAP = 1 };

static int advance(lua_State *L, lua_State *co, int count, lua_KContext how);

static lua_State *subject(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  return co;
}

static lua_State *advanced(lua_State *L, lua_KContext how) {
  return lua_tothread(L, how == AS_WRAP ? lua_upvalueindex(1) : 1);
}

static int go_on(lua_State *L, int status, lua_KContext how) {
  (void)status;
  clua_call *call = state_of(L)->current;
  lua_State *co = advanced(L, how);
  call->chain_count--;
  *extra_of(co) &= ~(uintptr_t)MARK_HELD;
  return advance(L, co, 0, how);
}

static int failed(lua_State *L, lua_State *co, lua_KContext how) {
  clua_call *call = state_of(L)->current;
  if (how == AS_RESUME) {
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
  }
  // A doomed coroutine may have died inside its hook: closing it would run its closers where no hook can stop them.
  if (!call->doomed && !call->closing && lua_status(co) > LUA_YIELD) {
    clua_set_running(co);
    lua_resetthread(co);
    clua_set_running(L);
  }
  lua_xmove(co, L, 1);
  if (lua_type(L, -1) == LUA_TSTRING && !call->doomed) {
    int kind = lua_tostring(L, -1) == state_of(L)->special_text ? state_of(L)->special_kind : CLUA_KIND_RUNTIME;
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    if (kind) clua_special(L, kind);
  }
  return lua_error(L);
}

static int advance(lua_State *L, lua_State *co, int count, lua_KContext how) {
  clua_state *st = state_of(L);
  clua_call *call = st->current;
  int results, blocked = !lua_isyieldable(L);
  st->barrier += blocked;
  clua_set_running(co);
  int status = lua_resume(co, L, count, &results);
  clua_set_running(L);
  st->barrier -= blocked;
  if (status == LUA_YIELD && st->yielded != BY_SCRIPT) {
    if (call->chain_count == CLUA_CHAIN) return luaL_error(L, "too many coroutines in each other");
    call->chain[call->chain_count++] = co;
    *extra_of(co) |= MARK_HELD;
    return lua_yieldk(L, 0, how, go_on);
  }
  if (status != LUA_OK && status != LUA_YIELD) return failed(L, co, how);
  if (!lua_checkstack(L, results + 1)) {
    lua_settop(co, -results - 1);
    return luaL_error(L, "too many results to resume");
  }
  if (how == AS_RESUME) {
    lua_pushboolean(L, 1);
    lua_xmove(co, L, results);
    return results + 1;
  }
  lua_xmove(co, L, results);
  return results;
}

// Lua's own refusals cover the rest: dead, running, and resuming each other.
static const char *refusal(lua_State *co) {
  if (has_mark(co, MARK_BASE) || has_mark(co, MARK_HELD)) return "cannot resume non-suspended coroutine";
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) return "cannot resume dead coroutine";
  return NULL;
}

static int co_resume(lua_State *L) {
  lua_State *co = subject(L);
  int count = lua_gettop(L) - 1;
  const char *why = refusal(co);
  if (!why && !lua_checkstack(co, count)) why = "too many arguments to resume";
  if (why) {
    lua_pushboolean(L, 0);
    lua_pushstring(L, why);
    return 2;
  }
  lua_xmove(L, co, count);
  return advance(L, co, count, AS_RESUME);
}

static int wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int count = lua_gettop(L);
  const char *why = refusal(co);
  if (!why && !lua_checkstack(co, count)) why = "too many arguments to resume";
  if (why) return luaL_error(L, "%s", why);
  lua_xmove(L, co, count);
  return advance(L, co, count, AS_WRAP);
}

static int co_create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int co_wrap(lua_State *L) {
  co_create(L);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

static int co_yield(lua_State *L) {
  if (has_mark(L, MARK_BASE)) return luaL_error(L, "attempt to yield from outside a coroutine");
  state_of(L)->yielded = BY_SCRIPT;
  return lua_yield(L, lua_gettop(L));
}

static const char *status_of(lua_State *L, lua_State *co) {
  lua_Debug at;
  if (L == co) return "running";
  if (has_mark(co, MARK_BASE) || has_mark(co, MARK_HELD)) return "normal";
  switch (lua_status(co)) {
  case LUA_YIELD: return "suspended";
  case LUA_OK:
    if (lua_getstack(co, 0, &at)) return "normal";
    return lua_gettop(co) == 0 ? "dead" : "suspended";
  default: return "dead";
  }
}

static int co_status(lua_State *L) {
  lua_pushstring(L, status_of(L, subject(L)));
  return 1;
}

static int co_isyieldable(lua_State *L) {
  lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
  lua_pushboolean(L, lua_isyieldable(co) && !has_mark(co, MARK_BASE));
  return 1;
}

static int co_running(lua_State *L) {
  lua_pushthread(L);
  lua_pushboolean(L, has_mark(L, MARK_BASE));
  return 2;
}

static int co_close(lua_State *L) {
  lua_State *co = subject(L);
  const char *status = status_of(L, co);
  clua_call *call = state_of(L)->current;
  if (status[0] != 's' && status[0] != 'd') return luaL_error(L, "cannot close a %s coroutine", status);
  if (lua_status(co) > LUA_YIELD && (call->doomed || call->closing)) {
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
  }
  clua_set_running(co);
  int result = lua_resetthread(co);
  clua_set_running(L);
  lua_pushboolean(L, result == LUA_OK);
  if (result == LUA_OK) return 1;
  lua_xmove(co, L, 1);
  return 2;
}

int clua_open_coroutines(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"create", co_create},   {"resume", co_resume},           {"yield", co_yield},     {"status", co_status},
      {"wrap", co_wrap},       {"isyieldable", co_isyieldable}, {"running", co_running}, {"close", co_close},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}

UNCOUNTED_END
