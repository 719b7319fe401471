#include "internal.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t live_bytes;
static void (*release_object)(void *); // buffers can outlive their state

int64_t clua_live_bytes(void) { return atomic_load(&live_bytes); }

void clua_check(int good, const char *message) {
  if (good) return;
  fprintf(stderr, "LuaBridge: %s\n", message);
  abort();
}

// Lua asks twice, with a full collection in between. A refusal that stands ends the call: where `pcall` could catch it,
// a script could have one full collection after the other.
static void refuse(clua_state *st, int stands) {
  lua_State *L = clua_running();
  if (!L || state_of(L) != st || !st->current || st->allowance) return;
  clua_place(L, st->memory_place, sizeof st->memory_place, NULL);
  if (stands) clua_doom(st->current, CLUA_KIND_MEMORY, L, "ran out of memory");
  clua_arm_hook(L);
}

// Above the limit Lua gets what it asks for, up to a quarter more, and the hook is told: it collects in small steps,
// and ends the call if that does not help. A full collection, which nothing could interrupt, is left for the last
// resort.
static void *allocate(void *context, void *block, size_t old, size_t size) {
  clua_state *st = context;
  size_t had = block ? old : 0;
  if (size == 0) {
    free(block);
    st->used -= had;
    atomic_fetch_sub_explicit(&live_bytes, (int64_t)had, memory_order_relaxed);
    return NULL;
  }
  if (size > had) {
    size_t more = size - had, limit = st->limits.memory;
    int is_text = !block && (old == LUA_TSTRING || old == LUA_TUSERDATA);
    int too_much = st->used + more > limit + limit / 4 + st->allowance;
    if (too_much || size > 4 * st->limits.largest_text + 4096 || (is_text && size > st->limits.largest_text + 4096)) {
      refuse(st, !too_much || (st->refused_block == block && st->refused_size == size));
      st->refused_block = block;
      st->refused_size = size;
      return NULL;
    }
    if (st->used + more > limit && st->current) {
      lua_State *L = clua_running();
      if (L && state_of(L) == st && !lua_gethookmask(L)) clua_arm_hook(L);
    }
  }
  void *moved = realloc(block, size);
  if (!moved) return size <= had ? block : NULL;
  st->used += size - had;
  atomic_fetch_add_explicit(&live_bytes, (int64_t)size - (int64_t)had, memory_order_relaxed);
  if (st->used > st->peak) st->peak = st->used;
  return moved;
}

static int panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "LuaBridge: an error outside every protected call: %s\n", message ? message : "?");
  return 0;
}

static int prepare(lua_State *L) {
  clua_state *st = state_of(L);
  clua_object_metatables(L);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  st->globals = clua_reference(L);
  lua_newtable(L);
  st->loaded = clua_reference(L);
  return 0;
}

clua_state *clua_open(void *owner, const clua_face *face, const clua_limits *limits) {
  clua_state *st = calloc(1, sizeof *st);
  if (!st) return NULL;
  st->owner = owner;
  st->face = *face;
  st->limits = *limits;
  st->thread = pthread_self();
  st->L = lua_newstate(allocate, st);
  if (!st->L) { free(st); return NULL; }
  *(uintptr_t *)lua_getextraspace(st->L) = (uintptr_t)st;
  lua_atpanic(st->L, panic);
  release_object = face->release;
  // Incremental: a sixth slower than generational for a hook that makes garbage (4.0 against 3.4 us), but each of its
  // steps is short, where a major collection stops everything for as long as the heap is large.
  lua_gc(st->L, LUA_GCINC, 0, 0, 0);
  lua_pushcfunction(st->L, prepare);
  if (lua_pcall(st->L, 0, 0, 0) != LUA_OK) { clua_close(st); return NULL; }
  return st;
}

static void free_buffer(clua_buffer *b) {
  free(b->bytes);
  free(b->references);
  free(b->objects);
  free(b);
}

size_t clua_close(clua_state *st) {
  OWN_THREAD(st);
  while (st->pool) {
    clua_call *call = st->pool;
    st->pool = call->next;
    free(call->message.bytes);
    free(call->traceback.bytes);
    free(call);
  }
  if (st->encoding) clua_give_back(st, st->encoding);
  if (st->decoding) clua_give_back(st, st->decoding);
  lua_close(st->L);
  while (st->buffers) {
    clua_buffer *b = st->buffers;
    st->buffers = b->next;
    free_buffer(b);
  }
  size_t left = st->used;
  free(st->forgotten);
  free(st->failure_message.bytes);
  free(st);
  return left;
}

size_t clua_used(clua_state *st) { return st->used; }
size_t clua_peak(clua_state *st) { return st->peak; }
size_t clua_live_references(clua_state *st) { return st->live_references - st->forgotten_count; }
size_t clua_live_calls(clua_state *st) { return st->call_count; }
int clua_is_running(clua_state *st) { return st->depth > 0; }
int clua_is_own_thread(clua_state *st) { return pthread_equal(st->thread, pthread_self()); }
int32_t clua_globals(clua_state *st) { return st->globals; }

void clua_collect(clua_state *st) {
  OWN_THREAD(st);
  clua_drain(st);
  lua_gc(st->L, LUA_GCCOLLECT);
  lua_gc(st->L, LUA_GCCOLLECT); // what finalizers let go of
}

void clua_set_text(clua_text *text, const char *bytes, size_t count) {
  char *copy = realloc(text->bytes, count + 1);
  if (!copy) { text->count = 0; return; }
  memcpy(copy, bytes, count);
  copy[count] = 0;
  text->bytes = copy;
  text->count = count;
}

// Where Lua code runs now. Allocates nothing, so that it may be called from the allocator.
void clua_place(lua_State *L, char *out, size_t size, int *line) {
  lua_Debug at;
  out[0] = 0;
  if (line) *line = 0;
  for (int level = 0; level < 100 && lua_getstack(L, level, &at); level++) {
    if (!lua_getinfo(L, "Sl", &at) || at.currentline <= 0 || !strcmp(at.source, "=table.sort")) continue;
    if (line) {
      snprintf(out, size, "%s", at.short_src);
      *line = at.currentline;
    } else {
      snprintf(out, size, "%s:%d", at.short_src, at.currentline);
    }
    return;
  }
}

// References

int32_t clua_reference(lua_State *L) {
  int type = lua_type(L, -1);
  int slot = luaL_ref(L, LUA_REGISTRYINDEX);
  state_of(L)->live_references++;
  return (int32_t)(slot | (type << 27));
}

void clua_forget(clua_state *st, int32_t reference) {
  OWN_THREAD(st);
  if (reference <= 0) return;
  if (st->forgotten_count == st->forgotten_capacity) {
    size_t capacity = st->forgotten_capacity ? st->forgotten_capacity * 2 : 64;
    int32_t *grown = realloc(st->forgotten, capacity * sizeof *grown);
    if (!grown) return; // the slot stays taken until the state closes
    st->forgotten = grown;
    st->forgotten_capacity = capacity;
  }
  st->forgotten[st->forgotten_count++] = reference;
}

void clua_drain(clua_state *st) {
  while (st->forgotten_count) {
    luaL_unref(st->L, LUA_REGISTRYINDEX, st->forgotten[--st->forgotten_count] & 0x7ffffff);
    st->live_references--;
  }
}

int clua_claim(clua_buffer *b, int32_t reference) {
  for (size_t i = 0; i < b->reference_count; i++) {
    if (b->references[i] != reference) continue;
    b->references[i] = b->references[--b->reference_count];
    return 1;
  }
  return 0;
}

static int copy_reference(lua_State *L) {
  int32_t *reference = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, *reference & 0x7ffffff);
  *reference = clua_reference(L);
  return 0;
}

int32_t clua_copy_reference(clua_state *st, int32_t reference) {
  OWN_THREAD(st);
  lua_pushcfunction(st->L, copy_reference);
  lua_pushlightuserdata(st->L, &reference);
  if (lua_pcall(st->L, 1, 0, 0) == LUA_OK) return reference;
  lua_settop(st->L, -2);
  return 0;
}

// Buffers

clua_buffer *clua_buffer_take(clua_state *st) {
  clua_buffer *b = st->buffers;
  if (!b) return calloc(1, sizeof *b);
  st->buffers = b->next;
  st->buffer_count--;
  b->next = NULL;
  return b;
}

int clua_put(clua_buffer *b, const void *bytes, size_t count) {
  if (b->capacity - b->count < count) {
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity - b->count < count) capacity *= 2;
    uint8_t *grown = realloc(b->bytes, capacity);
    if (!grown) return 0;
    b->bytes = grown;
    b->capacity = capacity;
  }
  if (count) memcpy(b->bytes + b->count, bytes, count);
  b->count += count;
  return 1;
}

void clua_give_back(clua_state *st, clua_buffer *b) {
  if (st) {
    for (size_t i = 0; i < b->reference_count; i++) clua_forget(st, b->references[i]);
  }
  size_t objects = b->object_count;
  b->count = b->reference_count = b->object_count = 0;
  for (size_t i = 0; i < objects; i++) release_object(b->objects[i]);
  if (!st || st->buffer_count >= 8 || b->capacity > 1 << 16) { free_buffer(b); return; }
  b->next = st->buffers;
  st->buffers = b;
  st->buffer_count++;
}

void clua_answer_set(clua_answer *answer, const void *bytes, size_t count) {
  answer->buffer->count = 0;
  if (!clua_put(answer->buffer, bytes, count)) answer->out_of_memory = 1;
}

UNCOUNTED_END
