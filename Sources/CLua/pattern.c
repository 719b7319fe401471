// string.find, match, gmatch and gsub over the matcher that can pause. All state that must outlive a pause is in a
// userdata.
#define _GNU_SOURCE
#include "matcher.h"
#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define STEPS 20000 // between two looks at the clock; a few hundred microseconds at most

// The first run works on the C stack, and most matches end in it.

typedef struct { matcher *m; const char *start; int is_find, anchored; } search;

typedef struct { const char *start; int is_find, anchored; matcher m; } kept_search;

static size_t matcher_size(const matcher *m) {
  return offsetof(matcher, choices) + (size_t)m->depth * sizeof(match_choice);
}

static int finish_search(search *at, int found) {
  lua_State *L = at->m->L;
  if (!found) {
    lua_pushnil(L);
    return 1;
  }
  if (!at->is_find) return match_push_captures(at->m, at->start, at->m->s);
  lua_pushinteger(L, at->start - at->m->subject + 1);
  lua_pushinteger(L, at->m->s - at->m->subject);
  return match_push_captures(at->m, NULL, NULL) + 2;
}

// 1 found, 0 not there, -1 out of budget.
static int run_search(search *at, long budget) {
  for (;;) {
    switch (match_run(at->m, &budget)) {
    case MATCHED: return 1;
    case UNFINISHED: return -1;
    case UNMATCHED:
      if (at->anchored || at->start >= at->m->subject_end) return 0;
      match_begin(at->m, ++at->start);
    }
  }
}

static int search_on(lua_State *L, int status, lua_KContext index);

// Looks at the clock; 1 to go on. Otherwise it must return what `lua_yieldk` gives.
static int may_go_on(lua_State *L) {
  switch (clua_verdict(L, 1)) {
  case GO: return 1;
  case END:
    if (!clua_can_yield(L) || state_of(L)->current->closing) clua_raise_doom(L);
    state_of(L)->yielded = BY_END;
    return 0;
  default:
    state_of(L)->yielded = BY_SLICE;
    return 0;
  }
}

static int go_on_searching(lua_State *L, kept_search *kept, int index) {
  search at = {&kept->m, kept->start, kept->is_find, kept->anchored};
  kept->m.L = L;
  for (;;) {
    int found = run_search(&at, STEPS);
    if (found >= 0) return finish_search(&at, found);
    kept->start = at.start;
    if (!may_go_on(L)) return lua_yieldk(L, 0, index, search_on);
  }
}

static int search_on(lua_State *L, int status, lua_KContext index) {
  (void)status;
  return go_on_searching(L, lua_touserdata(L, (int)index), (int)index);
}

static int keep_searching(search *at) {
  lua_State *L = at->m->L;
  kept_search *kept = lua_newuserdatauv(L, sizeof *kept, 0);
  kept->start = at->start;
  kept->is_find = at->is_find;
  kept->anchored = at->anchored;
  memcpy(&kept->m, at->m, matcher_size(at->m));
  return go_on_searching(L, kept, lua_gettop(L));
}

static size_t start_position(lua_Integer position, size_t length) {
  if (position > 0) return (size_t)position;
  if (position == 0) return 1;
  if (position < -(lua_Integer)length) return 1;
  return length + (size_t)position + 1;
}

static int is_plain(const char *pattern, size_t length) {
  for (size_t i = 0; i < length; i++) if (pattern[i] && strchr("^$*+?.([%-", pattern[i])) return 0;
  return 1;
}

static int string_search(lua_State *L, int is_find) {
  size_t subject_length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &subject_length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  size_t from = start_position(luaL_optinteger(L, 3, 1), subject_length) - 1;
  if (from > subject_length) {
    lua_pushnil(L);
    return 1;
  }
  if (is_find && (lua_toboolean(L, 4) || is_plain(pattern, pattern_length))) {
    const char *found = pattern_length == 0 ? subject + from
                                            : memmem(subject + from, subject_length - from, pattern, pattern_length);
    if (!found) {
      lua_pushnil(L);
      return 1;
    }
    lua_pushinteger(L, found - subject + 1);
    lua_pushinteger(L, found - subject + (lua_Integer)pattern_length);
    return 2;
  }
  matcher m;
  int anchored = *pattern == '^';
  m.L = L;
  m.subject = subject;
  m.subject_end = subject + subject_length;
  m.pattern = pattern + anchored;
  m.pattern_end = pattern + pattern_length;
  search at = {&m, subject + from, is_find, anchored};
  match_begin(&m, at.start);
  int found = run_search(&at, STEPS);
  return found >= 0 ? finish_search(&at, found) : keep_searching(&at);
}

static int string_find(lua_State *L) { return string_search(L, 1); }
static int string_match(lua_State *L) { return string_search(L, 0); }

// gmatch

typedef struct { const char *start, *last; int running; matcher m; } match_walk;

static int walk_on(lua_State *L, int status, lua_KContext context);

static int walk(lua_State *L, match_walk *w) {
  long budget = STEPS;
  w->m.L = L;
  for (;;) {
    if (!w->running) {
      if (w->start > w->m.subject_end) return 0;
      match_begin(&w->m, w->start);
      w->running = 1;
    }
    enum match_result result = match_run(&w->m, &budget);
    if (result == UNFINISHED) {
      if (!may_go_on(L)) return lua_yieldk(L, 0, 0, walk_on);
      budget = STEPS;
      continue;
    }
    w->running = 0;
    if (result == MATCHED && w->m.s != w->last) {
      const char *start = w->start;
      w->start = w->last = w->m.s;
      return match_push_captures(&w->m, start, w->m.s);
    }
    w->start++;
  }
}

static int walk_next(lua_State *L) { return walk(L, lua_touserdata(L, lua_upvalueindex(3))); }

static int walk_on(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  return walk_next(L);
}

static int string_gmatch(lua_State *L) {
  size_t subject_length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &subject_length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  size_t from = start_position(luaL_optinteger(L, 3, 1), subject_length) - 1;
  if (from > subject_length) from = subject_length + 1;
  lua_settop(L, 2);
  match_walk *w = lua_newuserdatauv(L, sizeof *w, 0);
  w->start = subject + from;
  w->last = NULL;
  w->running = 0;
  w->m.subject = subject;
  w->m.subject_end = subject + subject_length;
  w->m.pattern = pattern;
  w->m.pattern_end = pattern + pattern_length;
  lua_pushcclosure(L, walk_next, 3);
  return 1;
}

// gsub. The stack: subject, pattern, replacement, limit, the state, the userdata that holds the output.

enum { SUBJECT = 1, PATTERN, REPLACEMENT, LIMIT, STATE, OUTPUT };

typedef struct {
  const char *start, *last;
  lua_Integer count, limit;
  int anchored, changed, running, replaces;
  char *out;
  size_t out_count, out_capacity;
  matcher m;
} substitution;

static void put(lua_State *L, substitution *g, const char *bytes, size_t count) {
  if (g->out_capacity - g->out_count < count) {
    size_t capacity = g->out_capacity ? g->out_capacity * 2 : 256, limit = state_of(L)->limits.largest_text;
    while (capacity - g->out_count < count) capacity *= 2;
    if (capacity > limit) capacity = limit;
    if (capacity < g->out_count || capacity - g->out_count < count) luaL_error(L, "resulting string too large");
    char *grown = lua_newuserdatauv(L, capacity, 0);
    if (g->out_count) memcpy(grown, g->out, g->out_count);
    g->out = grown;
    g->out_capacity = capacity;
    lua_replace(L, OUTPUT);
  }
  memcpy(g->out + g->out_count, bytes, count);
  g->out_count += count;
}

static void put_text(lua_State *L, substitution *g) { // the value on top, and pops it
  size_t count;
  const char *text = lua_tolstring(L, -1, &count);
  put(L, g, text, count);
  lua_settop(L, OUTPUT);
}

static void put_template(lua_State *L, substitution *g) {
  size_t length;
  const char *text = lua_tolstring(L, REPLACEMENT, &length), *end = text + length, *mark;
  while ((mark = memchr(text, '%', (size_t)(end - text)))) {
    put(L, g, text, (size_t)(mark - text));
    char what = *++mark;
    if (what == '%') {
      put(L, g, "%", 1);
    } else if (what == '0') {
      put(L, g, g->start, (size_t)(g->m.s - g->start));
    } else if (isdigit((unsigned char)what)) {
      match_push_capture(&g->m, what - '1', g->start, g->m.s);
      put_text(L, g);
    } else {
      luaL_error(L, "invalid use of '%c' in replacement string", '%');
    }
    text = mark + 1;
  }
  put(L, g, text, (size_t)(end - text));
}

static void put_value(lua_State *L, substitution *g) {
  if (!lua_toboolean(L, -1)) {
    lua_settop(L, OUTPUT);
    put(L, g, g->start, (size_t)(g->m.s - g->start));
    return;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  put_text(L, g);
  g->changed = 1;
}

static int substitute_on(lua_State *L, int status, lua_KContext context);

static void replace(lua_State *L, substitution *g) {
  switch (lua_type(L, REPLACEMENT)) {
  case LUA_TFUNCTION: {
    lua_pushvalue(L, REPLACEMENT);
    int count = match_push_captures(&g->m, g->start, g->m.s);
    lua_callk(L, count, 1, 1, substitute_on);
    put_value(L, g);
    return;
  }
  case LUA_TTABLE:
    match_push_capture(&g->m, 0, g->start, g->m.s);
    lua_gettable(L, REPLACEMENT);
    put_value(L, g);
    return;
  default:
    put_template(L, g);
    g->changed = 1;
  }
}

static int finish_substitution(lua_State *L, substitution *g) {
  if (g->changed) {
    put(L, g, g->start, (size_t)(g->m.subject_end - g->start));
    lua_pushlstring(L, g->out, g->out_count);
  } else {
    lua_pushvalue(L, SUBJECT);
  }
  lua_pushinteger(L, g->count);
  return 2;
}

// The match that stands has been dealt with, or there was none: on to the next place; 0 at the end.
static int next_place(lua_State *L, substitution *g, int matched) {
  if (matched) {
    g->start = g->last = g->m.s;
  } else if (g->start < g->m.subject_end) {
    put(L, g, g->start++, 1);
  } else {
    return 0;
  }
  return !g->anchored;
}

static int substitute(lua_State *L, substitution *g) {
  long budget = STEPS;
  g->m.L = L;
  for (;;) {
    if (!g->running) {
      if (g->count >= g->limit) return finish_substitution(L, g);
      match_begin(&g->m, g->start);
      g->running = 1;
    }
    enum match_result result = match_run(&g->m, &budget);
    if (result == UNFINISHED) {
      if (!may_go_on(L)) return lua_yieldk(L, 0, 0, substitute_on);
      budget = STEPS;
      continue;
    }
    g->running = 0;
    int matched = result == MATCHED && g->m.s != g->last;
    if (matched) {
      g->count++;
      replace(L, g); // may wait: substitute_on goes on behind it
    }
    if (!next_place(L, g, matched)) return finish_substitution(L, g);
  }
}

static int substitute_on(lua_State *L, int status, lua_KContext replacing) {
  (void)status;
  substitution *g = lua_touserdata(L, STATE);
  g->m.L = L;
  if (replacing) {
    put_value(L, g);
    if (!next_place(L, g, 1)) return finish_substitution(L, g);
  }
  return substitute(L, g);
}

static int string_gsub(lua_State *L) {
  size_t subject_length, pattern_length;
  const char *subject = luaL_checklstring(L, SUBJECT, &subject_length);
  const char *pattern = luaL_checklstring(L, PATTERN, &pattern_length);
  int type = lua_type(L, REPLACEMENT);
  luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
                   REPLACEMENT, "string/function/table");
  lua_Integer limit = luaL_optinteger(L, LIMIT, (lua_Integer)subject_length + 1);
  if (type == LUA_TNUMBER) lua_tostring(L, REPLACEMENT);
  lua_settop(L, LIMIT);
  substitution *g = lua_newuserdatauv(L, sizeof *g, 0);
  memset(g, 0, offsetof(substitution, m));
  lua_pushnil(L);
  g->start = subject;
  g->limit = limit;
  g->anchored = *pattern == '^';
  g->m.subject = subject;
  g->m.subject_end = subject + subject_length;
  g->m.pattern = pattern + g->anchored;
  g->m.pattern_end = pattern + pattern_length;
  return substitute(L, g);
}

void clua_open_patterns(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"find", string_find}, {"match", string_match}, {"gmatch", string_gmatch}, {"gsub", string_gsub}, {NULL, NULL},
  };
  luaL_setfuncs(L, functions, 0);
}

UNCOUNTED_END
