// A matcher for Lua's patterns that can stop anywhere and go on later: what would be recursion is a stack of choices,
// so a pattern that backtracks for ever is a long-running script like any other, and pauses as one.
#pragma once
#include "internal.h"

#define MATCH_CAPTURES 32
#define MATCH_CHOICES 200 // as many as Lua's own matcher nests
#define CAPTURE_OPEN (-1)
#define CAPTURE_POSITION (-2)

enum match_result { MATCHED, UNMATCHED, UNFINISHED };

typedef struct {
  const char *item, *next; // the item, and the pattern after it
  const char *at;          // where in the subject the choice was made
  size_t count;            // repetitions taken
  int kind, capture;
} match_choice;

typedef struct {
  lua_State *L;
  const char *subject, *subject_end, *pattern, *pattern_end;
  const char *p, *s; // where the attempt stands; s is the end of the match when it has matched
  int counting;      // in the middle of a greedy repetition, the topmost choice
  int level, depth;
  struct { const char *start; ptrdiff_t length; } captures[MATCH_CAPTURES];
  match_choice choices[MATCH_CHOICES]; // last: only the part in use is copied
} matcher;

void match_begin(matcher *m, const char *at);
// Goes on for about `budget` steps, and takes them off it.
enum match_result match_run(matcher *m, long *budget);
// Pushes the captures, or the whole match when there are none.
int match_push_captures(matcher *m, const char *start, const char *end);
// Pushes one capture (0 is the first).
void match_push_capture(matcher *m, int index, const char *start, const char *end);
