#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Lua to parcel

typedef struct {
  lua_State *L;
  clua_state *st;
  clua_buffer *b;
  int flags, depth;
  const void *above[CLUA_DEPTH];
} encoder;

static int encode(encoder *e, int index, int top_level);

static int put(encoder *e, const void *bytes, size_t count) {
  if (e->b->count + count > e->st->limits.result_size) return ENCODE_SIZE;
  return clua_put(e->b, bytes, count) ? ENCODE_OK : ENCODE_MEMORY;
}

static int put_tagged(encoder *e, uint8_t tag, const void *bytes, size_t count) {
  uint8_t both[17];
  both[0] = tag;
  memcpy(both + 1, bytes, count);
  return put(e, both, count + 1);
}

static int put_string(encoder *e, int index) {
  size_t length;
  const char *text = lua_tolstring(e->L, index, &length);
  if (length > UINT32_MAX) return ENCODE_SIZE;
  uint32_t count = (uint32_t)length;
  int status = put_tagged(e, CLUA_STRING, &count, 4);
  return status ? status : put(e, text, length);
}

// Room is made first, so that a reference that has been taken is always known to the buffer.
static int put_reference(encoder *e, int index) {
  clua_buffer *b = e->b;
  if (b->reference_count == b->reference_capacity) {
    size_t capacity = b->reference_capacity ? b->reference_capacity * 2 : 8;
    int32_t *grown = realloc(b->references, capacity * sizeof *grown);
    if (!grown) return ENCODE_MEMORY;
    b->references = grown;
    b->reference_capacity = capacity;
  }
  lua_pushvalue(e->L, index);
  int32_t reference = clua_reference(e->L);
  b->references[b->reference_count++] = reference;
  return put_tagged(e, CLUA_REFERENCE, &reference, 4);
}

static int put_object(encoder *e, void *object, void *identity) {
  clua_buffer *b = e->b;
  if (b->object_count == b->object_capacity) {
    size_t capacity = b->object_capacity ? b->object_capacity * 2 : 8;
    void **grown = realloc(b->objects, capacity * sizeof *grown);
    if (!grown) return ENCODE_MEMORY;
    b->objects = grown;
    b->object_capacity = capacity;
  }
  e->st->face.retain(object);
  b->objects[b->object_count++] = object;
  uint64_t both[2] = {(uint64_t)(uintptr_t)object, (uint64_t)(uintptr_t)identity};
  return put_tagged(e, CLUA_OBJECT, both, 16);
}

typedef struct { size_t start, references, objects; } mark;

static int open_container(encoder *e, uint8_t tag, mark *at) {
  static const uint8_t nothing[8];
  *at = (mark){e->b->count, e->b->reference_count, e->b->object_count};
  return put_tagged(e, tag, nothing, 8);
}

static void close_container(encoder *e, const mark *at, uint32_t count) {
  uint32_t size = (uint32_t)(e->b->count - at->start - 9);
  memcpy(e->b->bytes + at->start + 1, &count, 4);
  memcpy(e->b->bytes + at->start + 5, &size, 4);
}

static void rewind_to(encoder *e, const mark *at) {
  clua_buffer *b = e->b;
  b->count = at->start;
  while (b->reference_count > at->references) clua_forget(e->st, b->references[--b->reference_count]);
  while (b->object_count > at->objects) e->st->face.release(b->objects[--b->object_count]);
}

static int is_sequence(lua_State *L, int table) {
  lua_Unsigned length = lua_rawlen(L, table), count = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_settop(L, -2);
    int is_integer;
    lua_Integer key = lua_tointegerx(L, -1, &is_integer);
    if (lua_type(L, -1) != LUA_TNUMBER || !is_integer || key < 1 || (lua_Unsigned)key > length) {
      lua_settop(L, -2);
      return 0;
    }
    count++;
  }
  return count == length;
}

static int encode_pairs(encoder *e, int table) {
  lua_State *L = e->L;
  mark at;
  uint32_t count = 0;
  int status = open_container(e, CLUA_TABLE, &at);
  if (status) return status;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    if (lua_type(L, -2) == LUA_TSTRING) status = put_string(e, -2);
    else if (lua_isinteger(L, -2)) {
      lua_Integer key = lua_tointeger(L, -2);
      status = put_tagged(e, CLUA_INTEGER, &key, 8);
    } else status = ENCODE_KEY;
    if (!status) status = encode(e, lua_gettop(L), 0);
    if (status) return status;
    lua_settop(L, -2);
    count++;
  }
  close_container(e, &at, count);
  return ENCODE_OK;
}

// In order as `next` gives them; -1 when the table turns out not to be a plain list.
static int encode_list(encoder *e, int table, lua_Integer length) {
  lua_State *L = e->L;
  mark at;
  lua_Integer wanted = 1;
  int status = open_container(e, CLUA_ARRAY, &at);
  if (status) return status;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    int in_order = lua_isinteger(L, -2) && lua_tointeger(L, -2) == wanted;
    if (!in_order) {
      lua_settop(L, -3);
      rewind_to(e, &at);
      return -1;
    }
    status = encode(e, lua_gettop(L), 0);
    if (status) return status;
    lua_settop(L, -2);
    wanted++;
  }
  if (wanted - 1 != length) {
    rewind_to(e, &at);
    return -1;
  }
  close_container(e, &at, (uint32_t)length);
  return ENCODE_OK;
}

static int encode_scattered_list(encoder *e, int table, lua_Integer length) {
  mark at;
  int status = open_container(e, CLUA_ARRAY, &at);
  for (lua_Integer i = 1; !status && i <= length; i++) {
    lua_rawgeti(e->L, table, i);
    status = encode(e, lua_gettop(e->L), 0);
    if (!status) lua_settop(e->L, -2);
  }
  if (!status) close_container(e, &at, (uint32_t)length);
  return status;
}

static int encode_table(encoder *e, int table) {
  lua_State *L = e->L;
  lua_Integer length = (lua_Integer)lua_rawlen(L, table);
  if (length == 0) {
    lua_pushnil(L);
    if (lua_next(L, table)) {
      lua_settop(L, -3);
      return encode_pairs(e, table);
    }
    mark at;
    int status = open_container(e, clua_is_array(L, table) ? CLUA_ARRAY : CLUA_TABLE, &at);
    if (!status) close_container(e, &at, 0);
    return status;
  }
  int status = encode_list(e, table, length);
  if (status >= 0) return status;
  return is_sequence(L, table) ? encode_scattered_list(e, table, length) : encode_pairs(e, table);
}

static int enter_table(encoder *e, int index) {
  lua_State *L = e->L;
  const void *self = lua_topointer(L, index);
  for (int i = 0; i < e->depth; i++) if (e->above[i] == self) return ENCODE_CYCLE;
  if (e->depth == CLUA_DEPTH) return ENCODE_DEPTH;
  if (!lua_checkstack(L, 8)) return ENCODE_MEMORY;
  e->above[e->depth++] = self;
  int top = lua_gettop(L);
  int status = encode_table(e, clua_real_table(L, index) ? lua_gettop(L) : index);
  if (!status) lua_settop(L, top);
  e->depth--;
  return status;
}

// On failure the stack keeps what was on it: the caller raises or resets it.
static int encode(encoder *e, int index, int top_level) {
  lua_State *L = e->L;
  switch (lua_type(L, index)) {
  case LUA_TNIL: return put(e, (uint8_t[]){CLUA_NIL}, 1);
  case LUA_TBOOLEAN: return put(e, (uint8_t[]){lua_toboolean(L, index) ? CLUA_TRUE : CLUA_FALSE}, 1);
  case LUA_TNUMBER:
    if (lua_isinteger(L, index)) {
      lua_Integer value = lua_tointeger(L, index);
      return put_tagged(e, CLUA_INTEGER, &value, 8);
    } else {
      lua_Number value = lua_tonumber(L, index);
      return put_tagged(e, CLUA_NUMBER, &value, 8);
    }
  case LUA_TSTRING: return put_string(e, index);
  case LUA_TLIGHTUSERDATA: return lua_touserdata(L, index) ? ENCODE_KIND : put(e, (uint8_t[]){CLUA_NULL}, 1);
  case LUA_TTABLE:
    if (top_level && (e->flags & CLUA_TABLES_BY_REFERENCE)) return put_reference(e, index);
    return enter_table(e, index);
  case LUA_TUSERDATA: {
    void *identity, *object = clua_object_at(L, index, &identity);
    if (object) return put_object(e, object, identity);
    return put_reference(e, index);
  }
  default: return put_reference(e, index);
  }
}

int clua_encode_range(lua_State *L, int first, int last, int flags, clua_buffer **out) {
  clua_state *st = state_of(L);
  if (st->encoding) clua_give_back(st, st->encoding); // an encoder before us ran out of memory
  st->encoding = clua_buffer_take(st);
  if (!st->encoding) return ENCODE_MEMORY;
  encoder e; // field by field: clearing `above` would cost as much as encoding
  e.L = L;
  e.st = st;
  e.b = st->encoding;
  e.flags = flags;
  e.depth = 0;
  int status = lua_checkstack(L, 8) ? ENCODE_OK : ENCODE_MEMORY;
  for (int i = first; !status && i <= last; i++) status = encode(&e, i, 1);
  if (!status) *out = st->encoding; else clua_give_back(st, st->encoding);
  st->encoding = NULL;
  return status;
}

const char *clua_encode_text(int status, size_t limit, char *out, size_t size) {
  switch (status) {
  case ENCODE_SIZE: snprintf(out, size, "is larger than %zu KB: return less, or in parts", limit / 1024); return out;
  case ENCODE_DEPTH: return "is nested deeper than 128 tables";
  case ENCODE_CYCLE: return "contains itself: a table cannot cross that leads back to itself";
  case ENCODE_KIND: return "holds a light userdata, which cannot cross";
  case ENCODE_KEY: return "has a key that is neither a string nor an integer";
  default: return "needs more memory than there is";
  }
}

int clua_raise_encode(lua_State *L, int status, const char *subject) {
  char room[120];
  luaL_where(L, 1);
  lua_pushfstring(L, "%s %s", subject, clua_encode_text(status, state_of(L)->limits.result_size, room, sizeof room));
  lua_concat(L, 2);
  if (status == ENCODE_SIZE) clua_special(L, CLUA_KIND_SIZE);
  if (status == ENCODE_MEMORY) clua_special(L, CLUA_KIND_MEMORY);
  return lua_error(L);
}

// Parcel to Lua. Raises when memory is out; a broken parcel is a defect of ours and raises too.

typedef struct { lua_State *L; const uint8_t *at, *end; } decoder;

static void decode(decoder *d, int read_only, int depth);

static void take(decoder *d, void *out, size_t count) {
  if ((size_t)(d->end - d->at) < count) luaL_error(d->L, "a parcel ends too early");
  memcpy(out, d->at, count);
  d->at += count;
}

static void decode_container(decoder *d, int tag, int read_only, int depth) {
  uint32_t sizes[2];
  take(d, sizes, 8);
  lua_State *L = d->L;
  if (depth > CLUA_DEPTH) luaL_error(L, "a value is nested deeper than %d tables", CLUA_DEPTH);
  if (sizes[0] > sizes[1]) luaL_error(L, "a parcel counts wrongly"); // each value takes a byte at least
  luaL_checkstack(L, 8, "a value is nested too deeply");
  if (tag == CLUA_ARRAY) {
    lua_createtable(L, (int)sizes[0], 0);
    for (uint32_t i = 1; i <= sizes[0]; i++) {
      decode(d, read_only, depth + 1);
      lua_rawseti(L, -2, i);
    }
    if (sizes[0] == 0) clua_array_mark(L, lua_gettop(L));
  } else {
    lua_createtable(L, 0, (int)sizes[0]);
    for (uint32_t i = 0; i < sizes[0]; i++) {
      decode(d, 0, depth + 1);
      if (lua_isnil(L, -1)) luaL_error(L, "a table cannot have nil as a key");
      decode(d, read_only, depth + 1);
      lua_rawset(L, -3);
    }
  }
  if (read_only) clua_push_read_only(L);
}

static void decode_string(decoder *d) {
  uint32_t length;
  take(d, &length, 4);
  if ((size_t)(d->end - d->at) < length) luaL_error(d->L, "a parcel ends too early");
  lua_pushlstring(d->L, (const char *)d->at, length);
  d->at += length;
}

static void decode_host(decoder *d) {
  uint8_t kind;
  uint64_t function;
  uint32_t length;
  take(d, &kind, 1);
  take(d, &function, 8);
  take(d, &length, 4);
  if ((size_t)(d->end - d->at) < length) luaL_error(d->L, "a parcel ends too early");
  const char *name = (const char *)d->at;
  d->at += length;
  clua_push_host(d->L, (void *)(uintptr_t)function, kind, name, length);
}

static void decode(decoder *d, int read_only, int depth) {
  lua_State *L = d->L;
  uint8_t tag;
  union { int64_t integer; double number; int32_t reference; uint64_t words[2]; } v;
  take(d, &tag, 1);
  switch (tag) {
  case CLUA_NIL: lua_pushnil(L); return;
  case CLUA_FALSE: lua_pushboolean(L, 0); return;
  case CLUA_TRUE: lua_pushboolean(L, 1); return;
  case CLUA_NULL: lua_pushlightuserdata(L, NULL); return;
  case CLUA_INTEGER: take(d, &v, 8); lua_pushinteger(L, v.integer); return;
  case CLUA_NUMBER: take(d, &v, 8); lua_pushnumber(L, v.number); return;
  case CLUA_STRING: decode_string(d); return;
  case CLUA_ARRAY: case CLUA_TABLE: decode_container(d, tag, read_only, depth); return;
  case CLUA_REFERENCE: take(d, &v, 4); lua_rawgeti(L, LUA_REGISTRYINDEX, v.reference & 0x7ffffff); return;
  case CLUA_OBJECT:
    take(d, &v, 16);
    clua_push_object(L, (void *)(uintptr_t)v.words[0], (void *)(uintptr_t)v.words[1]);
    return;
  case CLUA_HOST: decode_host(d); return;
  case CLUA_READ_ONLY_MARK: decode(d, 1, depth); return;
  case CLUA_ERROR_MARK:
    decode(d, 0, depth);
    clua_make_error(L);
    return;
  default: luaL_error(L, "a parcel has an unknown tag %d", tag);
  }
}

int clua_decode_all(lua_State *L, const uint8_t *bytes, size_t count) {
  decoder d = {L, bytes, bytes + count};
  int top = lua_gettop(L);
  while (d.at < d.end) {
    luaL_checkstack(L, 8, "too many values");
    decode(&d, 0, 0);
  }
  return lua_gettop(L) - top;
}

UNCOUNTED_END
