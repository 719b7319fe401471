#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIBING (256 * 1024) // bytes beyond the limit while an error is put into words

// Errors in words

static int to_string(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

// Strings as they are; tables by their `message`, then by __tostring, which may be hostile and is called protected.
static void push_message(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TSTRING || lua_type(L, index) == LUA_TNUMBER) {
    lua_pushvalue(L, index);
    lua_tostring(L, -1);
    return;
  }
  if (lua_istable(L, index)) {
    lua_pushliteral(L, "message");
    lua_rawget(L, index);
    if (lua_type(L, -1) == LUA_TSTRING) return;
    lua_settop(L, -2);
  }
  if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
    lua_settop(L, -2);
    lua_pushcfunction(L, to_string);
    lua_pushvalue(L, index);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;
    lua_settop(L, -2);
  }
  lua_pushfstring(L, "(the error is a %s)", luaL_typename(L, index));
}

// Puts the error at the top of the stack into words; leaves the stack as it was. May raise when memory is out.
static void describe(lua_State *L, lua_State *where, int level, clua_call *call) {
  clua_state *st = state_of(L);
  int error = lua_gettop(L);
  size_t count;
  int kind = CLUA_KIND_RUNTIME;
  luaL_checkstack(L, 10, NULL);
  if (lua_type(L, error) == LUA_TSTRING && lua_tostring(L, error) == st->special_text) kind = st->special_kind;
  call->kind = kind;
  if (!call->doomed) clua_place(where, call->script, sizeof call->script, &call->line);
  push_message(L, error);
  const char *text = lua_tolstring(L, -1, &count);
  clua_set_text(&call->message, text, count > 4096 ? 4096 : count);
  luaL_traceback(L, where, NULL, level);
  text = lua_tolstring(L, -1, &count);
  clua_set_text(&call->traceback, text, count > 8192 ? 8192 : count);
  lua_settop(L, error);
  if (lua_istable(L, error) && !call->value) clua_encode_range(L, error, error, 0, &call->value);
  lua_settop(L, error);
}

int clua_message_handler(lua_State *L) {
  clua_state *st = state_of(L);
  if (!st->current) return 1;
  st->allowance = DESCRIBING;
  describe(L, L, 1, st->current);
  st->allowance = 0;
  return 1;
}

// Host functions

typedef struct { void *function; int kind; char name[]; } host_box;

static int release_box(lua_State *L) {
  host_box *box = lua_touserdata(L, 1);
  void *function = box->function;
  box->function = NULL;
  if (function) state_of(L)->face.release(function);
  return 0;
}

static const char box_metatable;

void clua_push_host(lua_State *L, void *function, int kind, const char *name, size_t length) {
  host_box *box = lua_newuserdatauv(L, sizeof *box + length + 1, 0);
  box->function = NULL;
  box->kind = kind;
  memcpy(box->name, name, length);
  box->name[length] = 0;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &box_metatable) == LUA_TNIL) {
    lua_settop(L, -2);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, release_box);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &box_metatable);
  }
  lua_setmetatable(L, -2);
  state_of(L)->face.retain(function);
  box->function = function;
  lua_pushcclosure(L, clua_host_function, 1);
}

// An error that a script raised, and that came through the host, knows its place already.
static int raise_value(lua_State *L, int count, int failed) {
  if (count == 0) return luaL_error(L, "a host function failed without saying why");
  lua_settop(L, -count);
  if (lua_type(L, -1) == LUA_TSTRING && failed != CLUA_SCRIPT_FAILED) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  clua_make_error(L);
  return lua_error(L);
}

static int host_resumed(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  clua_call *call = state_of(L)->current;
  int count = clua_decode_all(L, call->input, call->input_count);
  return call->input_failed ? raise_value(L, count, call->input_failed) : count;
}

// The C function below which nothing can wait, for the error message.
static const char *blocker(lua_State *L, lua_Debug *at) {
  static const char *const transparent[] = {"pcall", "xpcall", "resume", "wrap", "require", "gsub"};
  for (int level = 1; lua_getstack(L, level, at); level++) {
    lua_getinfo(L, "Sn", at);
    if (at->what[0] != 'C' || !at->name) continue;
    int skip = 0;
    for (size_t i = 0; i < sizeof transparent / sizeof *transparent; i++) skip |= !strcmp(at->name, transparent[i]);
    if (!skip) return at->name;
  }
  return NULL;
}

static int cannot_wait(lua_State *L, const char *name, clua_call *call) {
  lua_Debug at;
  const char *inside;
  luaL_where(L, 1);
  if (call && call->closing) {
    lua_pushfstring(L, "%s waits, and Lua cannot wait while a call that was ended is being cleaned up", name);
  } else if (!call || !(call->flags & CLUA_MAY_WAIT)) {
    lua_pushfstring(L, "%s waits, and this function has to answer at once: do it in a function that may wait", name);
  } else if ((inside = blocker(L, &at))) {
    lua_pushfstring(L, "%s waits, and Lua cannot wait inside %s: call it before, and use its result there", name,
                    inside);
  } else {
    lua_pushfstring(L, "%s waits, and Lua cannot wait here: call it before, and use its result", name);
  }
  lua_concat(L, 2);
  clua_special(L, CLUA_KIND_CANNOT_WAIT);
  return lua_error(L);
}

static int encode_arguments(lua_State *L, const host_box *box, clua_buffer **out) {
  int status = clua_encode_range(L, 1, lua_gettop(L), box->kind & CLUA_TABLES_BY_REFERENCE, out);
  if (!status) return 1;
  char subject[160];
  snprintf(subject, sizeof subject, "an argument of %s", box->name);
  return clua_raise_encode(L, status, subject);
}

int clua_host_function(lua_State *L) {
  host_box *box = lua_touserdata(L, lua_upvalueindex(1));
  clua_state *st = state_of(L);
  clua_call *call = st->current;
  clua_buffer *arguments;
  if (!box->function || !call) return luaL_error(L, "a host function is called after its end");
  if (box->kind & CLUA_MAY_WAIT) {
    if (!(call->flags & CLUA_MAY_WAIT) || call->closing || !clua_can_yield(L)) cannot_wait(L, box->name, call);
    encode_arguments(L, box, &arguments);
    call->wanted = box->function;
    call->arguments = arguments;
    st->yielded = BY_WAIT;
    return lua_yieldk(L, 0, 0, host_resumed);
  }
  encode_arguments(L, box, &arguments);
  clua_answer answer = {clua_buffer_take(st), 0};
  if (!answer.buffer) { clua_give_back(st, arguments); return luaL_error(L, "not enough memory"); }
  int failed = st->face.plain(st->owner, box->function, arguments, &answer);
  // The Swift frame is gone: from here on Lua may raise.
  if (st->decoding) clua_give_back(st, st->decoding);
  st->decoding = answer.buffer;
  lua_settop(L, 0);
  int count = clua_decode_all(L, answer.buffer->bytes, answer.buffer->count);
  clua_give_back(st, answer.buffer);
  st->decoding = NULL;
  return failed ? raise_value(L, count, failed) : count;
}

// Calls

static int new_coroutine(lua_State *L) {
  clua_call *call = lua_touserdata(L, 1);
  call->co = lua_newthread(L);
  *extra_of(call->co) |= MARK_BASE;
  call->anchor = clua_reference(L);
  return 0;
}

clua_call *clua_begin(clua_state *st, int flags, int64_t running_time) {
  OWN_THREAD(st);
  clua_call *call = st->pool;
  if (call) {
    st->pool = call->next;
    st->pool_count--;
  } else {
    BALANCED(st->L, 0);
    call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->state = st;
    lua_pushcfunction(st->L, new_coroutine);
    lua_pushlightuserdata(st->L, call);
    if (lua_pcall(st->L, 1, 0, 0) != LUA_OK) {
      lua_settop(st->L, -2);
      free(call);
      return NULL;
    }
    CHECK_BALANCE(st->L);
  }
  call->flags = flags;
  call->ran = 0;
  call->may_run = running_time > 0 ? running_time : st->limits.running_time;
  call->doomed = call->failed = call->kind = call->line = 0;
  call->suspended = call->closing = call->chain_count = 0;
  call->message.count = call->traceback.count = 0;
  st->call_count++;
  return call;
}

static int entry_done(lua_State *co, int status, lua_KContext context) {
  clua_call *call = (clua_call *)context;
  if (status == LUA_OK || status == LUA_YIELD) {
    status = clua_encode_range(co, 2, lua_gettop(co), call->flags & CLUA_TABLES_BY_REFERENCE, &call->results);
    if (status == ENCODE_OK) return 0;
    lua_Debug at;
    char room[120];
    lua_rawgeti(co, LUA_REGISTRYINDEX, call->function & 0x7ffffff);
    lua_getinfo(co, ">S", &at);
    snprintf(call->script, sizeof call->script, "%s", at.short_src);
    call->line = at.linedefined;
    lua_pushfstring(co, "%s:%d: the result of this function %s", at.short_src, at.linedefined,
                    clua_encode_text(status, call->state->limits.result_size, room, sizeof room));
    call->kind = status == ENCODE_SIZE ? CLUA_KIND_SIZE : CLUA_KIND_RUNTIME;
    status = LUA_OK;
  }
  call->failed = 1;
  if (status == LUA_ERRMEM) {
    call->kind = CLUA_KIND_MEMORY;
    call->message.count = 0;
  }
  size_t count;
  const char *text = lua_tolstring(co, -1, &count);
  if (call->message.count == 0 && text) clua_set_text(&call->message, text, count > 4096 ? 4096 : count);
  return 0;
}

// The first function of every coroutine: all that may raise happens below its pcall, or ends the resume with an error.
static int entry(lua_State *co) {
  clua_call *call = state_of(co)->current;
  lua_pushcfunction(co, clua_message_handler);
  lua_rawgeti(co, LUA_REGISTRYINDEX, call->function & 0x7ffffff);
  int count = clua_decode_all(co, call->input, call->input_count);
  lua_KContext context = (lua_KContext)call;
  return entry_done(co, lua_pcallk(co, count, LUA_MULTRET, 1, context, entry_done), context);
}

static int describe_suspended(lua_State *L) {
  clua_call *call = lua_touserdata(L, 1);
  lua_State *innermost = call->chain_count ? call->chain[0] : call->co;
  lua_pushstring(L, call->doom);
  describe(L, innermost, 0, call);
  return 0;
}

static enum clua_status end_doomed(clua_call *call) {
  clua_state *st = call->state;
  call->failed = 1;
  call->kind = call->doomed;
  st->allowance = DESCRIBING;
  lua_pushcfunction(st->L, describe_suspended);
  lua_pushlightuserdata(st->L, call);
  if (lua_pcall(st->L, 1, 0, 0) != LUA_OK) lua_settop(st->L, -2);
  st->allowance = 0;
  call->kind = call->doomed;
  return CLUA_FAILED;
}

static enum clua_status run(clua_call *call) {
  clua_state *st = call->state;
  lua_State *co = call->co;
  clua_outer outer;
  int count;
  OWN_THREAD(st);
  clua_drain(st);
  BALANCED(st->L, 0);
  call->suspended = 0;
  clua_enter(call, co, &outer);
  lua_State *from = outer.running && state_of(outer.running) == st ? outer.running : NULL;
  int status = lua_resume(co, from, 0, &count);
  int why = st->yielded;
  st->allowance = 0;
  clua_leave(call, co, &outer);
  CHECK_BALANCE(st->L);
  if (status == LUA_YIELD) {
    call->suspended = 1;
    switch (why) {
    case BY_WAIT: return CLUA_WAITS;
    case BY_SLICE: return CLUA_SLICED;
    default: return end_doomed(call);
    }
  }
  if (status != LUA_OK) { // outside the pcall of `entry`: the arguments, or the result, did not fit in memory
    const char *text = lua_tostring(co, -1);
    call->failed = 1;
    call->kind = status == LUA_ERRMEM ? CLUA_KIND_MEMORY : CLUA_KIND_RUNTIME;
    clua_set_text(&call->message, text ? text : "", text ? strlen(text) : 0);
  }
  if (call->doomed) { // it may even have finished: its time was over
    call->failed = 1;
    call->kind = call->doomed;
    clua_set_text(&call->message, call->doom, strlen(call->doom));
  }
  return call->failed ? CLUA_FAILED : CLUA_FINISHED;
}

enum clua_status clua_start(clua_call *call, int32_t function, const void *arguments, size_t count) {
  call->function = function;
  call->input = arguments;
  call->input_count = count;
  lua_pushcfunction(call->co, entry);
  return run(call);
}

enum clua_status clua_continue(clua_call *call, const void *answer, size_t count, int failed) {
  call->input = answer;
  call->input_count = count;
  call->input_failed = failed;
  return run(call);
}

clua_buffer *clua_take_results(clua_call *call) {
  clua_buffer *results = call->results;
  call->results = NULL;
  return results;
}

void *clua_wanted(clua_call *call, clua_buffer **arguments) {
  *arguments = call->arguments;
  call->arguments = NULL;
  return call->wanted;
}

int clua_waiting_line(clua_call *call, char *script, size_t size) {
  int line = 0;
  clua_place(call->chain_count ? call->chain[0] : call->co, script, size, &line);
  return line;
}

void clua_failure_of(clua_call *call, clua_failure *failure) {
  if (call->message.count == 0) clua_set_text(&call->message, "the error could not be described", 32);
  int has_place = call->kind == CLUA_KIND_MEMORY && !call->doomed && call->state->memory_place[0];
  *failure = (clua_failure){
      call->kind, call->message.bytes, call->traceback.count ? call->traceback.bytes : "",
      has_place ? call->state->memory_place : call->script, call->message.count, call->traceback.count,
      has_place ? -1 : call->line, call->value};
  call->value = NULL;
}

// Closers run with time of their own, may not wait, and their errors are dropped: there is nobody left to tell.
static void close_coroutines(clua_call *call) {
  clua_state *st = call->state;
  clua_outer outer;
  call->closing = 1;
  call->doomed = 0;
  clua_drain(st);
  clua_enter(call, call->co, &outer);
  st->allowance = st->limits.memory / 4;
  for (int i = 0; i < call->chain_count; i++) {
    lua_State *co = call->chain[i];
    *extra_of(co) &= ~(uintptr_t)MARK_HELD;
    clua_set_running(co);
    lua_resetthread(co);
    lua_settop(co, 0);
  }
  clua_set_running(call->co);
  lua_resetthread(call->co);
  st->allowance = 0;
  clua_leave(call, call->co, &outer);
  call->chain_count = 0;
}

void clua_end(clua_call *call) {
  clua_state *st = call->state;
  OWN_THREAD(st);
  if (call->suspended) close_coroutines(call);
  // A coroutine that ended early is not used again: what lies in its stack would seem alive to the collector.
  if (call->suspended || call->failed) {
    call->ended = 1;
    st->cycles = 0; // what it held is garbage now, and gets its own two collections
  }
  if (call->results) clua_give_back(st, call->results);
  if (call->arguments) clua_give_back(st, call->arguments);
  if (call->value) clua_give_back(st, call->value);
  call->results = call->arguments = call->value = NULL;
  st->call_count--;
  lua_settop(call->co, 0);
  if (!call->ended && st->pool_count < CLUA_POOL) {
    call->next = st->pool;
    st->pool = call;
    st->pool_count++;
    return;
  }
  clua_forget(st, call->anchor);
  free(call->message.bytes);
  free(call->traceback.bytes);
  free(call);
}

UNCOUNTED_END
