#include "matcher.h"
#include <ctype.h>
#include <string.h>

enum { GREEDY, LAZY, OPTIONAL, OPENED, CLOSED };

static int in_class(int c, int class) {
  int found;
  switch (tolower(class)) {
  case 'a': found = isalpha(c); break;
  case 'c': found = iscntrl(c); break;
  case 'd': found = isdigit(c); break;
  case 'g': found = isgraph(c); break;
  case 'l': found = islower(c); break;
  case 'p': found = ispunct(c); break;
  case 's': found = isspace(c); break;
  case 'u': found = isupper(c); break;
  case 'w': found = isalnum(c); break;
  case 'x': found = isxdigit(c); break;
  case 'z': found = c == 0; break; // no longer in the manual, still in Lua
  default: return class == c;
  }
  return isupper(class) ? !found : found != 0;
}

// `set` is at '[', `end` behind ']'.
static int in_set(int c, const char *set, const char *end) {
  const char *last = end - 1;
  int found = 1;
  if (*++set == '^') {
    found = 0;
    set++;
  }
  for (; set < last; set++) {
    if (*set == '%') {
      set++;
      if (in_class(c, (unsigned char)*set)) return found;
    } else if (set[1] == '-' && set + 2 < last) {
      if ((unsigned char)set[0] <= c && c <= (unsigned char)set[2]) return found;
      set += 2;
    } else if ((unsigned char)*set == c) {
      return found;
    }
  }
  return !found;
}

static const char *item_end(matcher *m, const char *p) {
  char first = *p++;
  if (first == '%') {
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (*p == '^') p++;
  do { // the first character of a set may be ']'
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p++ == '%' && p < m->pattern_end) p++;
  } while (*p != ']');
  return p + 1;
}

static int is_one(const matcher *m, const char *s, const char *item, const char *end) {
  if (s >= m->subject_end) return 0;
  int c = (unsigned char)*s;
  switch (*item) {
  case '.': return 1;
  case '%': return in_class(c, (unsigned char)item[1]);
  case '[': return in_set(c, item, end);
  default: return (unsigned char)*item == c;
  }
}

static match_choice *choose(matcher *m, int kind) {
  if (m->depth == MATCH_CHOICES) luaL_error(m->L, "pattern too complex");
  match_choice *choice = &m->choices[m->depth++];
  choice->kind = kind;
  choice->at = m->s;
  return choice;
}

void match_begin(matcher *m, const char *at) {
  m->p = m->pattern;
  m->s = at;
  m->level = m->depth = m->counting = 0;
}

// Back to the latest choice that has another way; 0 when there is none.
static int take_back(matcher *m) {
  while (m->depth > 0) {
    match_choice *choice = &m->choices[m->depth - 1];
    switch (choice->kind) {
    case GREEDY:
      if (choice->count == 0) break;
      m->s = choice->at + --choice->count;
      m->p = choice->next;
      return 1;
    case LAZY:
      if (!is_one(m, choice->at, choice->item, choice->next - 1)) break;
      m->s = ++choice->at;
      m->p = choice->next;
      return 1;
    case OPTIONAL:
      m->s = choice->at;
      m->p = choice->next;
      m->depth--;
      return 1;
    case OPENED: m->level--; break;
    case CLOSED: m->captures[choice->capture].length = CAPTURE_OPEN; break;
    }
    m->depth--;
  }
  return 0;
}

static void open_capture(matcher *m, ptrdiff_t length, int width) {
  if (m->level >= MATCH_CAPTURES) luaL_error(m->L, "too many captures");
  choose(m, OPENED);
  m->captures[m->level].start = m->s;
  m->captures[m->level].length = length;
  m->level++;
  m->p += width;
}

static void close_capture(matcher *m) {
  int level = m->level - 1;
  while (level >= 0 && m->captures[level].length != CAPTURE_OPEN) level--;
  if (level < 0) luaL_error(m->L, "invalid pattern capture");
  choose(m, CLOSED)->capture = level;
  m->captures[level].length = m->s - m->captures[level].start;
  m->p++;
}

static int balance(matcher *m, long *budget) {
  if (m->p + 2 >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (m->s >= m->subject_end || *m->s != m->p[2]) return 0;
  char open = m->p[2], close = m->p[3];
  int depth = 1;
  for (const char *s = m->s + 1; s < m->subject_end; s++) {
    if (*s == close) {
      if (--depth) continue;
      *budget -= (s - m->s) / 4;
      m->s = s + 1;
      m->p += 4;
      return 1;
    }
    if (*s == open) depth++;
  }
  *budget -= (m->subject_end - m->s) / 4;
  return 0;
}

static int frontier(matcher *m) {
  const char *set = m->p + 2;
  if (*set != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
  const char *end = item_end(m, set);
  int before = m->s == m->subject ? 0 : (unsigned char)m->s[-1];
  int here = m->s < m->subject_end ? (unsigned char)*m->s : 0;
  if (in_set(before, set, end) || !in_set(here, set, end)) return 0;
  m->p = end;
  return 1;
}

static int back_reference(matcher *m, long *budget) {
  int index = m->p[1] - '1';
  if (index < 0 || index >= m->level || m->captures[index].length == CAPTURE_OPEN) {
    luaL_error(m->L, "invalid capture index %%%d", index + 1);
  }
  size_t length = (size_t)m->captures[index].length; // a position is longer than any subject, and never found
  if ((size_t)(m->subject_end - m->s) < length) return 0;
  *budget -= (long)(length / 16);
  if (memcmp(m->captures[index].start, m->s, length)) return 0;
  m->s += length;
  m->p += 2;
  return 1;
}

// One item with what follows it; 0 when it does not match here.
static int single(matcher *m, long *budget) {
  const char *item = m->p, *end = item_end(m, item);
  *budget -= (end - item) / 8;
  switch (end < m->pattern_end ? *end : 0) {
  case '?': {
    int found = is_one(m, m->s, item, end);
    if (found) {
      choose(m, OPTIONAL)->next = end + 1;
      m->s++;
    }
    m->p = end + 1;
    return 1;
  }
  case '+':
    if (!is_one(m, m->s, item, end)) return 0;
    m->s++; // fall through
  case '*': {
    match_choice *choice = choose(m, GREEDY);
    choice->item = item;
    choice->next = end + 1;
    choice->count = 0;
    m->counting = 1;
    return 1;
  }
  case '-': {
    match_choice *choice = choose(m, LAZY);
    choice->item = item;
    choice->next = end + 1;
    m->p = end + 1;
    return 1;
  }
  default:
    if (!is_one(m, m->s, item, end)) return 0;
    m->s++;
    m->p = end;
    return 1;
  }
}

static int count_repetitions(matcher *m, long *budget) {
  match_choice *choice = &m->choices[m->depth - 1];
  const char *end = choice->next - 1;
  long left = *budget;
  size_t count = choice->count;
  while (left > 0 && is_one(m, choice->at + count, choice->item, end)) {
    count++;
    left--;
  }
  choice->count = count;
  *budget = left;
  if (left <= 0) return 0;
  m->counting = 0;
  m->s = choice->at + count;
  m->p = choice->next;
  return 1;
}

static int step(matcher *m, long *budget) {
  switch (*m->p) {
  case '(':
    if (m->p[1] == ')') open_capture(m, CAPTURE_POSITION, 2);
    else open_capture(m, CAPTURE_OPEN, 1);
    return 1;
  case ')': close_capture(m); return 1;
  case '$':
    if (m->p + 1 != m->pattern_end) return single(m, budget);
    m->p++;
    return m->s == m->subject_end;
  case '%':
    if (m->p[1] == 'b') return balance(m, budget);
    if (m->p[1] == 'f') return frontier(m);
    if (isdigit((unsigned char)m->p[1])) return back_reference(m, budget);
    return single(m, budget);
  default: return single(m, budget);
  }
}

enum match_result match_run(matcher *m, long *budget) {
  for (;;) {
    if (--*budget <= 0) return UNFINISHED;
    if (m->counting && !count_repetitions(m, budget)) return UNFINISHED;
    if (m->p == m->pattern_end) return MATCHED;
    if (!step(m, budget) && !take_back(m)) return UNMATCHED;
  }
}

void match_push_capture(matcher *m, int index, const char *start, const char *end) {
  if (index >= m->level) {
    if (index != 0) luaL_error(m->L, "invalid capture index %%%d", index + 1);
    lua_pushlstring(m->L, start, (size_t)(end - start));
    return;
  }
  ptrdiff_t length = m->captures[index].length;
  if (length == CAPTURE_OPEN) luaL_error(m->L, "unfinished capture");
  if (length == CAPTURE_POSITION) lua_pushinteger(m->L, m->captures[index].start - m->subject + 1);
  else lua_pushlstring(m->L, m->captures[index].start, (size_t)length);
}

int match_push_captures(matcher *m, const char *start, const char *end) {
  int count = m->level == 0 && start ? 1 : m->level;
  luaL_checkstack(m->L, count, "too many captures");
  for (int i = 0; i < count; i++) match_push_capture(m, i, start, end);
  return count;
}

UNCOUNTED_END
