// Compiling aside: on any thread, in a Lua of its own that lives only as long, so that the loop never waits for a parser.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  size_t used, limit;
} allowance;

typedef struct {
  const char *text, *name;
  size_t length;
  clua_code *code;
} work;

static void *allocate(void *context, void *block, size_t old, size_t size) {
  allowance *a = context;
  size_t had = block ? old : 0;
  if (size == 0) {
    free(block);
    a->used -= had;
    return NULL;
  }
  if (size > had && a->used + size - had > a->limit) return NULL;
  void *moved = realloc(block, size);
  if (!moved) return size <= had ? block : NULL;
  a->used += size - had;
  return moved;
}

static int write_code(lua_State *L, const void *bytes, size_t count, void *context) {
  (void)L;
  clua_code *code = context;
  if (code->count + count > code->capacity) {
    size_t capacity = (code->count + count) * 2;
    uint8_t *moved = realloc(code->bytes, capacity);
    if (!moved) return 1;
    code->bytes = moved;
    code->capacity = capacity;
  }
  memcpy(code->bytes + code->count, bytes, count);
  code->count += count;
  return 0;
}

static int compile(lua_State *L) {
  work *w = lua_touserdata(L, 1);
  if (luaL_loadbufferx(L, w->text, w->length, w->name, "t") != LUA_OK) return lua_error(L);
  return lua_dump(L, write_code, w->code, 0) ? luaL_error(L, "not enough memory") : 0;
}

int clua_compile(const char *text, size_t length, const char *name, size_t memory, clua_code *code) {
  *code = (clua_code){0};
  allowance budget = {0, memory};
  static const char too_little[] = "compiling it takes more memory than scripts may use";
  lua_State *L = lua_newstate(allocate, &budget);
  if (!L) {
    write_code(NULL, too_little, sizeof too_little - 1, code);
    return CLUA_KIND_MEMORY;
  }
  work w = {text, name, length, code};
  lua_pushcfunction(L, compile);
  lua_pushlightuserdata(L, &w);
  int status = lua_pcall(L, 1, 0, 0), kind = 0;
  if (status != LUA_OK) {
    size_t size = 0;
    const char *message = lua_tolstring(L, -1, &size);
    kind = status == LUA_ERRMEM ? CLUA_KIND_MEMORY : CLUA_KIND_SYNTAX;
    if (status == LUA_ERRMEM || !message) message = too_little, size = sizeof too_little - 1;
    code->count = 0;
    write_code(NULL, message, size, code);
  }
  lua_close(L);
  return kind;
}

void clua_free_code(clua_code *code) {
  free(code->bytes);
  *code = (clua_code){0};
}

UNCOUNTED_END
